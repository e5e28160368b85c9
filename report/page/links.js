// Links: the flows between two boxes, as one line.

// carries tells that an entry of a flow is an Ingress or a route, whose requests the flow carries on.
const carries = (entry) => !isService(data.ends[entry.end]);

// linksOf puts flows together by the boxes that they go between. A flow by a Service goes through it; from an
// Ingress or a route there is a line of its own to where the requests arrive.
function linksOf(flows, boxOf) {
  const links = new Map();
  const add = (from, to, flow) => {
    if (from === undefined || to === undefined || from === to && from.namespace !== undefined) return;
    const key = from.id + ">" + to.id;
    if (!links.has(key)) links.set(key, { id: key, from, to, flows: [] });
    links.get(key).flows.push(flow);
  };
  for (const flow of flows) {
    const from = boxOf.get(flow.from), to = boxOf.get(flow.to);
    for (const e of flow.entries) {
      if (!carries(e)) add(from, boxOf.get(e.end), flow);
      add(boxOf.get(e.end), to, flow);
    }
    if (flow.entries.every(carries)) add(from, to, flow);
  }
  for (const link of links.values()) {
    const verdicts = new Set(link.flows.map((f) => f.verdict));
    link.verdict = verdicts.size === 1 ? link.flows[0].verdict : "Mixed";
    link.common = link.flows.every((f) => f.common);
  }
  return [...links.values()];
}

// route finds the path of every link. Where many meet at a side of a box, they are spread over it.
function route(links) {
  const sides = new Map();
  const dock = (link, end, box, other, side) => {
    const key = box.id + side;
    if (!sides.has(key)) sides.set(key, []);
    sides.get(key).push({ link, end, box, side, y: other.y + other.h / 2 });
  };
  for (const link of links) {
    const { from, to } = link;
    const right = to.x >= from.x + from.w, left = to.x + to.w <= from.x;
    link.out = right || !left ? "right" : "left";
    link.in = right ? "left" : "right";
    dock(link, "a", from, to, link.out);
    dock(link, "b", to, from, link.in);
  }
  for (const docks of sides.values()) {
    docks.sort((p, q) => p.y - q.y || (p.link.id < q.link.id ? -1 : 1));
    docks.forEach((d, i) => {
      const room = d.box.h - 10;
      const step = Math.min(9, docks.length > 1 ? room / (docks.length - 1) : 0);
      d.link[d.end] = { x: d.side === "right" ? d.box.x + d.box.w : d.box.x, y: d.box.y + d.box.h / 2 + (i - (docks.length - 1) / 2) * step };
    });
  }
  for (const link of links) link.path = curve(link);
}

// curve draws a link as one bow, and finds the middle of it.
function curve(link) {
  const { from, to, a, b, out, in: into } = link;
  if (from === to) {
    link.middle = { x: a.x + 28, y: a.y };
    return `M${a.x} ${a.y - 4}c34 -16 34 26 3 ${b.y - a.y + 10}`;
  }
  const bend = Math.max(22, Math.min(150, Math.abs(b.x - a.x) / 2));
  const ax = a.x + (out === "right" ? bend : -bend);
  const end = b.x + (into === "left" ? -3 : 3); // the tip of the arrow touches the box
  const bx = end + (into === "left" ? -bend : bend);
  link.middle = { x: (a.x + 3 * ax + 3 * bx + end) / 8, y: (a.y + b.y) / 2 };
  return `M${a.x} ${a.y}C${ax} ${a.y} ${bx} ${b.y} ${end} ${b.y}`;
}
