// Where everything is drawn. Namespaces are laid out by what they send each other, and workloads
// within a namespace likewise; addresses outside stand in a column at either side. dagre does the
// layering, from the left to the right; what is connected to nothing is put on shelves below.

const size = { node: 28, box: 46, pad: 12, head: 30, gap: 14, between: 34, rank: 64, column: 110 };

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

// layered places boxes of {id, w, h} by the links between them, and the rest on shelves below.
// It returns the size of the whole; every box gets x and y of its upper left corner.
function layered(boxes, links, options) {
  const linked = new Set(links.flat());
  const loose = boxes.filter((b) => !linked.has(b.id));
  let w = 0, h = 0;
  if (linked.size > 0) {
    const g = new dagre.graphlib.Graph({ multigraph: false });
    g.setGraph({ rankdir: "LR", nodesep: options.gap, ranksep: options.rank, ranker: "network-simplex", marginx: 0, marginy: 0 });
    g.setDefaultEdgeLabel(() => ({ weight: 1, minlen: 1 }));
    for (const b of boxes) if (linked.has(b.id)) g.setNode(b.id, { width: b.w, height: b.h });
    for (const [from, to] of links) if (from !== to) g.setEdge(from, to);
    dagre.layout(g);
    for (const b of boxes) {
      if (!linked.has(b.id)) continue;
      const at = g.node(b.id);
      b.x = at.x - b.w / 2;
      b.y = at.y - b.h / 2;
      w = Math.max(w, b.x + b.w);
      h = Math.max(h, b.y + b.h);
    }
  }
  const area = loose.reduce((sum, b) => sum + (b.w + options.gap) * (b.h + options.gap), 0);
  const width = Math.max(w, Math.sqrt(area * options.shape), ...loose.map((b) => b.w));
  let x = 0, y = h > 0 && loose.length > 0 ? h + options.gap : h, shelf = 0;
  for (const b of loose.sort((a, c) => c.h - a.h || (a.id < c.id ? -1 : 1))) {
    if (x > 0 && x + b.w > width) {
      x = 0;
      y += shelf + options.gap;
      shelf = 0;
    }
    b.x = x;
    b.y = y;
    x += b.w + options.gap;
    shelf = Math.max(shelf, b.h);
    w = Math.max(w, b.x + b.w);
    h = Math.max(h, y + b.h);
  }
  return { w, h };
}

// pairs lists each pair that links connect once.
function pairs(links) {
  const seen = new Map();
  for (const [a, b] of links) if (a !== b) seen.set(a + " " + b, [a, b]);
  return [...seen.values()];
}

// Some namespaces are opened and closed by hand; the others are open while there is room for all.
const byHand = new Map();
const roomFor = 60;

const isOpen = (namespace, workloads) => byHand.has(namespace) ? byHand.get(namespace) : workloads <= roomFor;

// endBox is the box of one end.
function endBox(end) {
  const label = shortened(end.name, 190);
  const kind = end.place === "inside" ? shortKind(end.kind) : end.place === "entry" ? end.kind : (end.outside || []).join(", ");
  return { id: "e" + end.id, end, label, kind, w: Math.max(56, widthOf(label) + (kind ? widthOf(kind) + 8 : 0) + 26), h: size.node };
}

// arrange makes the boxes of what is shown: {groups, boxes, headings, width, height}.
function arrange(flows, ends) {
  const shown = inside.filter((e) => ends.has(e.id));
  const groups = [], boxes = new Map(), boxOf = new Map();
  for (const namespace of namespaces) {
    const members = shown.filter((e) => e.group === namespace);
    if (members.length === 0) continue;
    const box = { id: "n" + namespaces.indexOf(namespace), namespace, members, single: members[0].kind === "Namespace" };
    box.open = !box.single && isOpen(namespace, shown.length);
    box.label = shortened(namespace, 210, true);
    if (box.open) {
      const own = new Set(members.map((e) => e.id));
      const inner = members.map(endBox);
      const links = pairs(flows.filter((f) => own.has(f.from) && own.has(f.to) && !f.common).map((f) => ["e" + f.from, "e" + f.to]));
      const whole = layered(inner, links, { gap: size.gap, rank: size.rank, shape: 2 });
      box.inner = inner;
      box.w = Math.max(whole.w, widthOf(box.label, true) + 70) + 2 * size.pad;
      box.h = whole.h + size.head + size.pad + 4;
      for (const b of inner) boxOf.set(b.end.id, b);
    } else {
      box.w = Math.max(130, widthOf(box.label, true) + 44);
      box.h = size.box;
      for (const e of members) boxOf.set(e.id, box);
    }
    groups.push(box);
    boxes.set(box.id, box);
  }
  const groupOf = (id) => "n" + namespaces.indexOf(data.ends[id].group);
  const links = pairs(flows.filter((f) => data.ends[f.from].place === "inside" && data.ends[f.to].place === "inside" && !f.common).map((f) => [groupOf(f.from), groupOf(f.to)]));
  const whole = layered(groups, links, { gap: size.between, rank: size.column, shape: 3.2 });
  for (const g of groups) for (const b of g.inner || []) Object.assign(b, { x: g.x + size.pad + b.x, y: g.y + size.head + b.y });

  // The columns at the sides: what sends from outside, the ways in, and what is sent to outside.
  const headings = [];
  const column = (place, title) => {
    const list = data.ends.filter((e) => e.place === place && ends.has(e.id)).map(endBox);
    for (const b of list) {
      boxOf.set(b.end.id, b);
      const others = b.end.flows.filter((f) => flows.includes(f)).flatMap((f) => [f.from, f.to]).map((id) => boxOf.get(id)).filter((o) => o && o !== b && o.y !== undefined);
      b.want = others.length > 0 ? others.reduce((sum, o) => sum + o.y + o.h / 2, 0) / others.length : whole.h / 2;
    }
    list.sort((a, b) => a.want - b.want || a.end.id - b.end.id);
    return { list, title, w: Math.max(0, ...list.map((b) => b.w)) };
  };
  const entries = column("entry", "Ways in"), from = column("from", "From outside"), to = column("to", "To outside");
  const tall = Math.max(whole.h, ...[from, entries, to].map((c) => c.list.length * (size.node + size.gap)));
  const stand = (c, x) => {
    let y = -Infinity;
    const step = size.node + size.gap;
    c.list.forEach((b, i) => {
      const room = tall - (c.list.length - i) * step + size.gap;
      y = Math.max(y, Math.min(b.want - b.h / 2, room), i === 0 ? 0 : y);
      Object.assign(b, { x, y, w: c.w });
      y += step;
    });
    if (c.list.length > 0) headings.push({ title: c.title, x });
  };
  let x = 0;
  for (const c of [from, entries]) {
    stand(c, x);
    if (c.list.length > 0) x += c.w + size.column;
  }
  const drop = Math.max(0, (tall - whole.h) / 2);
  for (const g of groups) for (const b of [g, ...(g.inner || [])]) Object.assign(b, { x: b.x + x, y: b.y + drop });
  if (groups.length > 0 && headings.length > 0) headings.push({ title: "Cluster", x });
  stand(to, x + whole.w + size.column);
  const width = to.list.length > 0 ? x + whole.w + size.column + to.w : x + whole.w;
  return { groups, columns: [...from.list, ...entries.list, ...to.list], boxOf, headings, width, height: tall };
}
