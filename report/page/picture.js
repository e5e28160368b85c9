// The picture: boxes and links as SVG, what is highlighted, and the part of it that is in view.

const picture = byId("picture");
const drawn = { layout: null, links: [], things: new Map(), boxes: [] };
const view = { x: 0, y: 0, w: 100, h: 100 };

const linkWords = { Allowed: "allowed", Unknown: "not known", Denied: "denied", Mixed: "several verdicts" };

// endWords names an end for who cannot see the picture.
const endWords = (end) => (end.place === "from" ? "from outside: " : end.place === "to" ? "to outside: " : end.place === "entry" ? end.kind + " " : "") + end.full;
const boxWords = (box) => box.end ? endWords(box.end) : "namespace " + box.namespace;

// draw lays out and draws what is shown.
function draw(flows, ends) {
  const edge = 60;
  const layout = arrange(flows, ends, { w: Math.max(200, picture.clientWidth - edge), h: Math.max(200, picture.clientHeight - edge - 20) });
  const links = linksOf(byId("common").checked ? flows : flows.filter((f) => !f.common), layout.boxOf);
  route(links, layout);
  Object.assign(drawn, { layout, links, things: new Map(), boxes: [] });
  const backs = svg("g", {}), shared = svg("g", { class: "shared" }), lines = svg("g", {}), fronts = svg("g", {}), labels = svg("g", { "aria-hidden": "true" });
  for (const h of layout.headings) fronts.append(svg("text", { class: "heading", x: h.x, y: -18 }, h.title));
  const order = (list) => list.sort((a, b) => a.x - b.x || a.y - b.y);
  const columns = (place) => order(layout.columns.filter((b) => b.end.place === place));
  for (const b of [...columns("from"), ...columns("entry")]) fronts.append(drawEnd(b));
  for (const g of layout.groups.sort((a, b) => a.y - b.y || a.x - b.x)) {
    (g.open ? backs : fronts).append(drawGroup(g));
    for (const b of order(g.inner || [])) fronts.append(drawEnd(b));
  }
  for (const b of columns("to")) fronts.append(drawEnd(b));
  // What is common is faint as one, below the rest: many faint lines on the same way stay faint.
  for (const l of links) {
    (l.common ? shared : lines).append(drawLink(l));
    labels.append(drawn.things.get(l.id).label);
  }
  pointAway();
  picture.replaceChildren(markers(), backs, shared, lines, fronts, labels);
  picture.classList.toggle("crowded", links.filter((l) => l.common).length > 120);
  byId("expand").disabled = layout.groups.every((g) => g.open || g.single);
  byId("collapse").disabled = layout.groups.every((g) => !g.open);
  highlight();
}

// thing makes an element that the mouse and the keyboard reach.
function thing(key, box, words, attributes, ...children) {
  const node = svg("g", { ...attributes, class: "thing " + attributes.class, tabindex: "-1", role: "button", "aria-label": words, "data-key": key }, children);
  drawn.things.set(key, { node, box, links: [] });
  if (box) drawn.boxes.push(key);
  return node;
}

const boxText = (box, x, y, label, attributes) => svg("text", { x: box.x + x, y: box.y + y, ...attributes }, label);

function drawEnd(b) {
  const open = b.end.ingress && b.end.ingress.isolated === "no";
  const words = endWords(b.end) + (open ? ", lets everything in" : "");
  const inside = b.end.place === "inside", tall = b.h > size.node;
  const kind = b.kind ? svg("text", inside ? { class: "kind", x: b.x + b.w - 9, y: b.y + 18, "text-anchor": "end" } : { class: "kind", x: b.x + 12, y: b.y + 34 }, b.kind) : null;
  return thing(b.id, b, words, { class: "end " + b.end.place + (open ? " open" : "") },
    svg("title", {}, b.end.full + (open ? " – lets everything in" : "")),
    svg("rect", { x: b.x, y: b.y, width: b.w, height: b.h, rx: inside ? 5 : 14 }),
    boxText(b, inside ? 10 : 12, tall ? 18 : 18.5, b.label, {}), kind);
}

function drawGroup(g) {
  const n = g.members.length;
  if (g.single) {
    return thing(g.id, g, boxWords(g), { class: "group closed" }, svg("title", {}, g.namespace),
      svg("rect", { x: g.x, y: g.y, width: g.w, height: g.h, rx: 8 }), boxText(g, 12, 27, g.label, { class: "name" }));
  }
  const words = boxWords(g) + ", " + counted(n, "workload") + (g.open ? ", open" : ", closed");
  const sign = svg("path", { class: "sign", d: g.open ? `M${g.x + g.w - 22} ${g.y + 13}l5 5l5 -5` : `M${g.x + g.w - 20} ${g.y + 18}l5 5l-5 5` });
  return thing(g.id, g, words, { class: "group " + (g.open ? "opened" : "closed"), "aria-expanded": String(g.open) },
    svg("title", {}, g.namespace + ": " + counted(n, "workload") + (g.open ? "; click to close" : "; click to open")),
    svg("rect", { x: g.x, y: g.y, width: g.w, height: g.h, rx: 8 }),
    boxText(g, 12, 19, g.label, { class: "name" }),
    g.open ? null : boxText(g, 12, 35, counted(n, data.by === "pod" ? "pod" : "workload"), { class: "kind" }), sign);
}

function drawLink(l) {
  const words = boxWords(l.from) + " to " + boxWords(l.to) + ": " + (l.flows.length === 1 ? l.flows[0].text : counted(l.flows.length, "flow")) + ", " + linkWords[l.verdict];
  const node = thing(l.id, null, words, { class: "link " + l.verdict.toLowerCase() + (l.common ? " common" : "") },
    svg("title", {}, words), svg("path", { class: "reach", d: l.path }), svg("path", { class: "line", d: l.path, "marker-end": "url(#tip-" + l.verdict.toLowerCase() + ")" }));
  // Labels are above boxes, which would hide them, and no wider than what is free between.
  const room = Math.min(170, Math.max(56, Math.abs(l.b.x - l.a.x) - 12));
  drawn.things.get(l.id).label = svg("text", { class: "ports", x: l.middle.x, y: l.middle.y - 4, "text-anchor": "middle" }, l.flows.length === 1 ? shortened(l.flows[0].text, room) : counted(l.flows.length, "flow"));
  for (const id of new Set([l.from.id, l.to.id])) drawn.things.get(id).links.push(l);
  return node;
}

function markers() {
  const tip = (name, d) => svg("marker", { id: "tip-" + name, class: "tip " + name, viewBox: "0 0 10 10", refX: 9, refY: 5, markerWidth: 7, markerHeight: 7, markerUnits: "userSpaceOnUse", orient: "auto-start-reverse" }, svg("path", { d }));
  const arrow = "M0 1L9 5L0 9Z";
  return svg("defs", {}, tip("allowed", arrow), tip("unknown", arrow), tip("mixed", arrow), tip("denied", "M1 1L9 9M9 1L1 9"));
}

// What is selected: a box, a link or a flow.
let selected = null;

// keysOf are the things in the picture that stand for what is selected.
function keysOf(what) {
  if (what === null || drawn.layout === null) return [];
  if (what.flow) return drawn.links.filter((l) => l.flows.includes(what.flow)).map((l) => l.id);
  if (what.end) return [drawn.layout.boxOf.get(what.end.id)].filter((b) => b).map((b) => b.id);
  return [what.key].filter((key) => drawn.things.has(key));
}

// highlight shows what is selected and what belongs to it, and lets the rest fade.
function highlight() {
  const keys = new Set(keysOf(selected));
  const near = new Set(keys);
  for (const l of drawn.links) {
    if (keys.has(l.id)) near.add(l.from.id).add(l.to.id);
    else if (keys.has(l.from.id) || keys.has(l.to.id)) near.add(l.id).add(l.from.id).add(l.to.id);
    else if ([...keys].some((k) => isWithin(l.from, k) || isWithin(l.to, k))) near.add(l.id).add(l.from.id).add(l.to.id);
  }
  picture.classList.toggle("chosen", keys.size > 0);
  const lines = drawn.links.filter((l) => near.has(l.id)).length; // more labels than this hide each other
  picture.classList.toggle("labelled", lines <= 14);
  for (const [key, t] of drawn.things) {
    t.near = near.has(key);
    t.node.classList.toggle("selected", keys.has(key));
    t.node.setAttribute("aria-current", String(keys.has(key)));
    t.node.classList.toggle("near", near.has(key) || t.box !== null && t.box.open === true);
    if (t.label) t.label.classList.toggle("near", near.has(key));
  }
}

const isWithin = (box, key) => box.end !== undefined && box.end.place === "inside" && "n" + namespaces.indexOf(box.end.group) === key;

// fit shows everything, but no larger than it is meant to be.
function fit() {
  const { width, height } = drawn.layout;
  const edge = 26, head = drawn.layout.headings.length > 0 ? 20 : 0;
  const w = Math.max(width + 2 * edge, picture.clientWidth), h = Math.max(height + head + 2 * edge, picture.clientHeight);
  look((width - w) / 2, (height - head - h) / 2, w, h);
}

// look brings a part of the picture into view, and as much around it as there is room for.
function look(x, y, w, h) {
  pointAway();
  const by = Math.max(w / picture.clientWidth, h / picture.clientHeight) || 1;
  const wide = picture.clientWidth * by, high = picture.clientHeight * by;
  Object.assign(view, { x: x - (wide - w) / 2, y: y - (high - h) / 2, w: wide, h: high });
  picture.setAttribute("viewBox", [view.x, view.y, view.w, view.h].map((n) => Math.round(n * 10) / 10).join(" "));
}

// scale is how many units of the picture a pixel of the screen is.
const scale = () => view.w / picture.clientWidth;

// zoom makes everything larger or smaller around a point, which is the middle if there is none.
function zoom(factor, at) {
  const x = at ? at.x : view.x + view.w / 2, y = at ? at.y : view.y + view.h / 2;
  const by = Math.min(Math.max(factor, 0.15 / scale()), 12 / scale());
  look(x - (x - view.x) * by, y - (y - view.y) * by, view.w * by, view.h * by);
}

// covered is the width of the details where they lie over the picture.
function covered() {
  const over = byId("details");
  return over.hidden || getComputedStyle(over).position !== "absolute" ? 0 : over.offsetWidth + 12;
}

// reveal brings things into view that are not, in the part that the details do not cover.
function reveal(nodes) {
  if (nodes.length === 0) return;
  const boxes = nodes.map((n) => n.getBBox()), edge = 16;
  const left = Math.min(...boxes.map((b) => b.x)) - edge, top = Math.min(...boxes.map((b) => b.y)) - edge;
  const w = Math.max(...boxes.map((b) => b.x + b.width)) + edge - left, h = Math.max(...boxes.map((b) => b.y + b.height)) + edge - top;
  const by = Math.max(scale(), w / (picture.clientWidth - covered()), h / picture.clientHeight);
  if (by > scale()) look(view.x, view.y, picture.clientWidth * by, picture.clientHeight * by);
  const free = view.w - covered() * by;
  const x = Math.min(left, Math.max(view.x, left + w - free)), y = Math.min(top, Math.max(view.y, top + h - view.h));
  if (x !== view.x || y !== view.y) look(x, y, view.w, view.h);
}

// revealSelected brings what is selected, and what belongs to it, into view.
const revealSelected = () => reveal([...drawn.things.values()].filter((t) => t.near).map((t) => t.node));

addEventListener("resize", () => look(view.x, view.y, view.w, view.h));

function pointAt(event) {
  const m = picture.getScreenCTM().inverse();
  return new DOMPoint(event.clientX, event.clientY).matrixTransform(m);
}

// The picture is moved by dragging it. The click that ends a drag is none.
let drag = null, dragged = false;
picture.addEventListener("pointerdown", (event) => {
  dragged = false;
  if (event.button === 0) drag = { x: event.clientX, y: event.clientY, view: { ...view } };
});
addEventListener("pointermove", (event) => {
  if (drag === null || (event.buttons & 1) === 0) return;
  const dx = event.clientX - drag.x, dy = event.clientY - drag.y;
  dragged = dragged || Math.hypot(dx, dy) > 4;
  if (dragged) look(drag.view.x - dx * scale(), drag.view.y - dy * scale(), view.w, view.h);
});
for (const end of ["pointerup", "pointercancel"]) addEventListener(end, () => { drag = null; });
picture.addEventListener("wheel", (event) => {
  if (!event.ctrlKey && !event.metaKey) return; // the page scrolls
  event.preventDefault();
  zoom(Math.exp(event.deltaY / 300), pointAt(event));
}, { passive: false });
