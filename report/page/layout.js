// Where everything is drawn. Namespaces are laid out by what they send each other, and workloads
// within a namespace likewise; addresses outside stand in a column at either side. dagre does the
// layering, from the left to the right; what is connected to nothing is put on shelves below.

const size = { node: 28, outside: 42, box: 44, pad: 10, head: 28, gap: 12, between: 22, rank: 40, column: 64 };

const ruler = document.createElement("canvas").getContext("2d");
const font = (bold) => (bold ? "600 " : "") + "13px system-ui, -apple-system, 'Segoe UI', sans-serif";
function widthOf(text, bold) {
  ruler.font = font(bold);
  return Math.ceil(ruler.measureText(text).width);
}

// shortened cuts text to a width.
function shortened(text, most, bold) {
  if (widthOf(text, bold) <= most) return text;
  const letters = [...text];
  while (letters.length > 1 && widthOf(letters.join("") + "…", bold) > most) letters.pop();
  return letters.join("") + "…";
}

// layered places boxes of {id, w, h} that links connect, by dagre. Every box gets the x and y of its
// upper left corner. It returns the size of the whole, and the boxes that are connected to nothing.
function layered(boxes, links, gap, rank) {
  const linked = new Set(links.flat());
  const g = new dagre.graphlib.Graph();
  g.setGraph({ rankdir: "LR", nodesep: gap, ranksep: rank });
  g.setDefaultEdgeLabel(() => ({}));
  for (const b of boxes) if (linked.has(b.id)) g.setNode(b.id, { width: b.w, height: b.h });
  for (const [from, to] of links) g.setEdge(from, to);
  if (linked.size > 0) dagre.layout(g);
  let w = 0, h = 0;
  for (const b of boxes) {
    if (!linked.has(b.id)) continue;
    const at = g.node(b.id);
    Object.assign(b, { x: at.x - b.w / 2, y: at.y - b.h / 2 });
    w = Math.max(w, b.x + b.w);
    h = Math.max(h, b.y + b.h);
  }
  return { w, h, loose: highFirst(boxes.filter((b) => !linked.has(b.id))) };
}

const highFirst = (boxes) => [...boxes].sort((p, q) => q.h - p.h);

// shelves places loose boxes below what there is, in rows of a width, or beside it, in columns of a
// height. It returns the places and the size of the whole.
function shelves({ w, h, loose }, gap, beside, limit) {
  const places = [];
  const from = loose.length === 0 ? 0 : beside ? (w > 0 ? w + gap : 0) : h > 0 ? h + gap : 0;
  let along = 0, across = from, deep = 0;
  for (const b of loose) {
    const [long, short] = beside ? [b.h, b.w] : [b.w, b.h];
    if (along > 0 && along + long > limit) {
      across += deep + gap;
      along = deep = 0;
    }
    const x = beside ? across : along, y = beside ? along : across;
    places.push({ b, x, y });
    along += long + gap;
    deep = Math.max(deep, short);
    w = Math.max(w, x + b.w);
    h = Math.max(h, y + b.h);
  }
  return { places, w, h };
}

// packed chooses the shelves with which everything is drawn largest: what fits best into a space,
// beside what stands at the sides.
function packed(core, gap, space, sides) {
  let best = null;
  const area = core.loose.reduce((sum, b) => sum + (b.w + gap) * (b.h + gap), core.w * core.h);
  const widest = Math.max(core.w, ...core.loose.map((b) => b.w)), highest = Math.max(core.h, ...core.loose.map((b) => b.h));
  for (const beside of [false, true]) {
    for (let n = 1; n <= 12; n++) {
      const limit = Math.max(beside ? highest : widest, Math.sqrt(area) * n / 4);
      const one = shelves(core, gap, beside, limit);
      one.scale = Math.min(1, space.w / (one.w + sides.w), space.h / Math.max(one.h, sides.h));
      if (best === null || one.scale > best.scale + 0.001 || one.scale > best.scale - 0.001 && one.w * one.h < best.w * best.h) best = one;
    }
  }
  for (const { b, x, y } of best.places) Object.assign(b, { x, y });
  return best;
}

// pairs lists each pair that links connect once.
function pairs(links) {
  const seen = new Map();
  for (const [a, b] of links) if (a !== b) seen.set(a + " " + b, [a, b]);
  return [...seen.values()];
}

// Some namespaces are opened and closed by hand; the others are open while everything can be read.
const byHand = new Map();
const roomFor = 60, smallest = 0.6;

// endBox is the box of one end. What is outside says in a second line what it is.
function endBox(end) {
  const id = "e" + end.id;
  if (end.place === "inside") {
    const label = shortened(end.name, 190), kind = end.kind === "Deployment" ? "" : shortKind(end.kind);
    return { id, end, label, kind, w: Math.max(52, widthOf(label) + (kind ? widthOf(kind) + 8 : 0) + 22), h: size.node };
  }
  const everywhere = { "0.0.0.0/0": "everywhere outside", "::/0": "everywhere outside (IPv6)" }[(end.ranges || []).join()];
  const label = shortened(everywhere || end.name, 176);
  const kind = end.place === "entry" ? end.kind + " of " + end.namespace : (end.outside || []).join(", ");
  return { id, end, label, kind: shortened(kind, 160), w: Math.max(84, widthOf(label) + 26, widthOf(kind) * 0.92 + 26), h: kind === "" ? size.node : size.outside };
}

// groupsOf makes the boxes of namespaces, with those of their workloads where they are open.
function groupsOf(flows, ends, boxOf, open) {
  const shown = inside.filter((e) => ends.has(e.id));
  const groups = [];
  for (const namespace of namespaces) {
    const members = shown.filter((e) => e.group === namespace);
    if (members.length === 0) continue;
    const box = { id: "n" + namespaces.indexOf(namespace), namespace, members, single: members[0].kind === "Namespace" };
    box.open = !box.single && (byHand.has(namespace) ? byHand.get(namespace) : open.has(namespace));
    box.label = shortened(namespace, 210, true);
    if (box.open) {
      const own = new Set(members.map((e) => e.id));
      box.inner = members.map(endBox);
      const links = pairs(flows.filter((f) => own.has(f.from) && own.has(f.to) && !f.common).map((f) => ["e" + f.from, "e" + f.to]));
      const whole = packed(layered(box.inner, links, size.gap, size.rank), size.gap, { w: 160, h: 100 }, { w: 0, h: 0 });
      box.w = Math.max(whole.w, widthOf(box.label, true) + 30) + 2 * size.pad;
      box.h = whole.h + size.head + size.pad;
      for (const b of box.inner) boxOf.set(b.end.id, b);
    } else {
      box.w = Math.max(116, widthOf(box.label, true) + 44);
      box.h = size.box;
      for (const e of members) boxOf.set(e.id, box);
    }
    groups.push(box);
  }
  return groups;
}

// arrange makes the boxes of what is shown, where they fit into a space best:
// {groups, columns, boxOf, headings, width, height}. Of a few workloads as many namespaces are open
// as can be read, those with the most to tell first.
function arrange(flows, ends, space) {
  const none = arranged(flows, ends, space, new Set());
  if (inside.filter((e) => ends.has(e.id)).length > roomFor) return none;
  const told = (namespace) => flows.filter((f) => !f.common && [f.from, f.to].some((id) => data.ends[id].group === namespace)).length;
  const order = none.groups.map((g) => ({ namespace: g.namespace, n: told(g.namespace) })).sort((p, q) => q.n - p.n || (p.namespace < q.namespace ? -1 : 1));
  let best = none, least = 0, most = order.length;
  while (least < most) {
    const n = Math.ceil((least + most) / 2);
    const some = arranged(flows, ends, space, new Set(order.slice(0, n).map((o) => o.namespace)));
    if (some.scale >= smallest) [best, least] = [some, n];
    else most = n - 1;
  }
  return best;
}

function arranged(flows, ends, space, open) {
  const boxOf = new Map();
  const groups = groupsOf(flows, ends, boxOf, open);
  const columns = ["from", "entry", "to"].map((place) => {
    const list = data.ends.filter((e) => e.place === place && ends.has(e.id)).map(endBox);
    for (const b of list) boxOf.set(b.end.id, b);
    return { place, list, w: Math.max(0, ...list.map((b) => b.w)), h: list.reduce((sum, b) => sum + b.h + size.gap, 0) };
  });
  const used = columns.filter((c) => c.list.length > 0);
  const sides = { w: used.reduce((sum, c) => sum + c.w + size.column, 0), h: Math.max(0, ...used.map((c) => c.h)) };
  const groupOf = (id) => "n" + namespaces.indexOf(data.ends[id].group);
  const links = pairs(flows.filter((f) => data.ends[f.from].place === "inside" && data.ends[f.to].place === "inside" && !f.common).map((f) => [groupOf(f.from), groupOf(f.to)]));
  let whole = packed(layered(groups, links, size.between, size.column), size.between, space, sides);
  if (whole.scale < smallest) {
    // A long row of layers is harder to read than no layers.
    const places = groups.map((g) => ({ g, x: g.x, y: g.y }));
    const flat = packed({ w: 0, h: 0, loose: highFirst(groups) }, size.between, space, sides);
    if (flat.scale > whole.scale * 1.4) whole = flat;
    else for (const { g, x, y } of places) Object.assign(g, { x, y });
  }
  const height = Math.max(whole.h, sides.h);

  // From the left to the right: what sends from outside, the ways in, the cluster, the world outside.
  const headings = [], titles = { from: "From outside", entry: "Ways in", to: "To outside" };
  let x = 0;
  const [from, entry, to] = columns;
  for (const c of [from, entry]) {
    if (c.list.length === 0) continue;
    Object.assign(c, { x });
    x += c.w + size.column;
  }
  for (const g of groups) Object.assign(g, { x: g.x + x, y: g.y + (height - whole.h) / 2 });
  for (const g of groups) for (const b of g.inner || []) Object.assign(b, { x: g.x + size.pad + b.x, y: g.y + size.head + b.y });
  if (groups.length > 0 && used.length > 0) headings.push({ title: "Cluster", x });
  Object.assign(to, { x: x + whole.w + (groups.length > 0 ? size.column : 0) });
  for (const c of used) {
    headings.push({ title: titles[c.place], x: c.x });
    stand(c, boxOf, height);
  }
  return { groups, columns: used.flatMap((c) => c.list), boxOf, headings, scale: whole.scale, width: used.includes(to) ? to.x + to.w : x + whole.w, height };
}

// stand places the boxes of a column, each as near as can be to the middle of what it is linked to.
function stand(column, boxOf, height) {
  for (const b of column.list) {
    const ends = b.end.flows.flatMap((f) => [f.from, f.to]).map((id) => boxOf.get(id)).filter((o) => o && !(o.end && o.end.place !== "inside"));
    b.want = ends.length > 0 ? ends.reduce((sum, o) => sum + o.y + o.h / 2, 0) / ends.length : height / 2;
  }
  column.list.sort((p, q) => p.want - q.want || p.end.id - q.end.id);
  let y = 0, rest = column.h;
  for (const b of column.list) {
    y = Math.max(y, Math.min(b.want - b.h / 2, height - rest + size.gap));
    Object.assign(b, { x: column.x, y, w: column.w });
    y += b.h + size.gap;
    rest -= b.h + size.gap;
  }
}
