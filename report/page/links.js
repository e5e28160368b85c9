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

// route finds the path of every link: one bow where nothing is in the way, and otherwise around what
// is. Where many meet at a side of a box, they are spread over it.
function route(links, layout) {
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
  const obstacles = obstaclesOf(layout), find = pathfinder(), bent = [];
  for (const link of links) {
    const boxes = obstacles(link.from, link.to);
    curve(link);
    if (link.from === link.to || !link.bow.some((p, i) => i > 0 && blocker(boxes.filter((b) => b !== link.from && b !== link.to), link.bow[i - 1], p))) continue;
    const [start, end] = [stub(link.a, link.out), stub(link.b, link.in)];
    const points = find(boxes, start, end);
    if (points !== null) bent.push({ link, points });
  }
  apart(bent.map((b) => b.points));
  for (const { link, points } of bent) {
    const tip = { x: link.b.x + (link.in === "left" ? -3 : 3), y: link.b.y };
    const all = [link.a, ...points, tip];
    link.path = rounded(all);
    link.middle = halfway(all);
  }
}

// stub is the point beside a box at which a line has left it.
const stub = (p, side) => ({ x: p.x + (side === "right" ? way.corner + 1 : -way.corner - 1), y: p.y });

// curve draws a link as one bow, and finds the middle of it and points on it.
function curve(link) {
  const { from, to, a, b, out, in: into } = link;
  if (from === to) {
    // Around the upper right corner of its box.
    const { x, y, w } = from, over = y - 7;
    link.middle = { x: x + w - 8, y: over };
    link.path = `M${x + w} ${y + 10}h3q4 0 4 -4V${over + 4}q0 -4 -4 -4H${x + w - 18}q-4 0 -4 4V${y - 1}`;
    return;
  }
  const bend = Math.max(22, Math.min(150, Math.abs(b.x - a.x) / 2));
  const ax = a.x + (out === "right" ? bend : -bend);
  const end = b.x + (into === "left" ? -3 : 3); // the tip of the arrow touches the box
  const bx = end + (into === "left" ? -bend : bend);
  link.middle = { x: (a.x + 3 * ax + 3 * bx + end) / 8, y: (a.y + b.y) / 2 };
  link.path = `M${a.x} ${a.y}C${ax} ${a.y} ${bx} ${b.y} ${end} ${b.y}`;
  link.bow = Array.from({ length: 25 }, (_, i) => {
    const t = i / 24, s = 1 - t, [p0, p1, p2, p3] = [s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t];
    return { x: p0 * a.x + p1 * ax + p2 * bx + p3 * end, y: p0 * a.y + p1 * a.y + p2 * b.y + p3 * b.y };
  });
}
