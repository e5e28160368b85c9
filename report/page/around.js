// Ways around boxes. A line goes straight where nothing is between, and around the corners of what is.

// clear is how near a line comes to a box that it passes, and corner how far from it a line turns:
// less than half of what is free between any two boxes. Lines that turn at the same corner are drawn
// up to spread apart.
const way = { clear: 3, corner: 5, spread: 2, turns: 400, looks: 4e7 };

// obstacles are the boxes that a line between two ends may not touch: all but the namespaces that the
// ends are in, of which the boxes and the title are in the way. It remembers them by those namespaces.
function obstaclesOf(layout) {
  const title = (g) => ({ x: g.x + 8, y: g.y + 4, w: widthOf(g.label, true) + 8, h: 18 });
  const insideOf = new Map(layout.groups.filter((g) => g.open).map((g) => [g, [title(g), ...g.inner]]));
  const groupOf = new Map([...insideOf].flatMap(([g, list]) => list.map((b) => [b, g])));
  const known = new Map();
  return (from, to) => {
    const own = [groupOf.get(from), groupOf.get(to)];
    const key = own.map((g) => g ? g.id : "").join();
    if (!known.has(key)) known.set(key, [...layout.groups.filter((g) => !own.includes(g)), ...layout.columns, ...new Set(own.flatMap((g) => insideOf.get(g) || []))]);
    return known.get(key);
  };
}

// enters tells how far along a line from p to q a box begins, as a share of it, or 2 where the line
// does not come too near to the box.
function enters(box, p, q) {
  const left = box.x - way.clear, right = box.x + box.w + way.clear, top = box.y - way.clear, bottom = box.y + box.h + way.clear;
  if (p.x <= left && q.x <= left || p.x >= right && q.x >= right || p.y <= top && q.y <= top || p.y >= bottom && q.y >= bottom) return 2;
  const dx = q.x - p.x, dy = q.y - p.y;
  let from = 0, to = 1;
  for (const [d, at, low, high] of [[dx, p.x, left, right], [dy, p.y, top, bottom]]) {
    if (d === 0) {
      if (at <= low || at >= high) return 2;
      continue;
    }
    const one = (low - at) / d, other = (high - at) / d;
    from = Math.max(from, Math.min(one, other));
    to = Math.min(to, Math.max(one, other));
  }
  return from < to ? from : 2;
}

// blocker is the first box on the line from p to q, if there is one.
function blocker(boxes, p, q) {
  let first = null, share = 2;
  for (const b of boxes) {
    const at = enters(b, p, q);
    if (at < share) [first, share] = [b, at];
  }
  return first;
}

const cornersOf = (b) => [[-1, -1], [1, -1], [1, 1], [-1, 1]].map(([sx, sy]) => ({
  x: sx < 0 ? b.x - way.corner : b.x + b.w + way.corner, y: sy < 0 ? b.y - way.corner : b.y + b.h + way.corner, sx, sy,
}));

// pathfinder finds the shortest way that it sees, as a list of points from a to b, or null. It looks
// at boxes only that are in the way of something, and gives up when all lines together have cost too much.
function pathfinder() {
  const corners = new Map();
  const cornersAt = (box) => {
    if (!corners.has(box)) corners.set(box, cornersOf(box));
    return corners.get(box);
  };
  const far = (p, q) => Math.hypot(p.x - q.x, p.y - q.y);
  let spent = 0; // how often a line was held against a box

  // seen are the points that a straight line from p reaches: b, or the corners of what is before it.
  function seen(boxes, p, b) {
    const targets = [b], met = new Set(), out = [];
    for (let i = 0; i < targets.length && i < 60; i++) {
      spent += boxes.length;
      const box = blocker(boxes, p, targets[i]);
      if (box === null) out.push(targets[i]);
      else if (!met.has(box)) {
        met.add(box);
        targets.push(...cornersAt(box));
      }
    }
    return out;
  }

  return (boxes, a, b) => {
    const best = new Map([[a, 0]]), before = new Map(), done = new Set();
    for (let n = 0; n < way.turns && spent < way.looks; n++) {
      let next = null, least = Infinity;
      for (const [p, cost] of best) {
        if (!done.has(p) && cost + far(p, b) < least) [next, least] = [p, cost + far(p, b)];
      }
      if (next === null) return null;
      if (next === b) {
        const points = [b];
        while (points[0] !== a) points.unshift(before.get(points[0]));
        return points;
      }
      done.add(next);
      for (const q of seen(boxes, next, b)) {
        const cost = best.get(next) + far(next, q) + 4; // a turn is worth a small detour
        if (!best.has(q) || cost < best.get(q)) {
          best.set(q, cost);
          before.set(q, next);
        }
      }
    }
    return null;
  };
}

// apart moves the turns of ways that share a corner away from one another, outwards.
function apart(ways) {
  const at = new Map();
  for (const points of ways) {
    for (const p of points) {
      if (p.sx === undefined) continue;
      if (!at.has(p)) at.set(p, []);
      at.get(p).push(points);
    }
  }
  for (const [p, sharing] of at) {
    sharing.forEach((points, i) => {
      const by = sharing.length > 1 ? way.spread * i / (sharing.length - 1) : 0;
      points[points.indexOf(p)] = { x: p.x + p.sx * by, y: p.y + p.sy * by };
    });
  }
}

// rounded draws a way with round turns, which stay within what is clear of the box at the corner.
function rounded(points) {
  let path = `M${points[0].x} ${points[0].y}`;
  for (let i = 1; i < points.length - 1; i++) {
    const [p, at, q] = [points[i - 1], points[i], points[i + 1]];
    const toward = (o) => {
      const length = Math.hypot(o.x - at.x, o.y - at.y) || 1, by = Math.min(way.corner, length / 2) / length;
      return { x: at.x + (o.x - at.x) * by, y: at.y + (o.y - at.y) * by };
    };
    const one = toward(p), other = toward(q);
    path += `L${one.x} ${one.y}Q${at.x} ${at.y} ${other.x} ${other.y}`;
  }
  const last = points[points.length - 1];
  return path + `L${last.x} ${last.y}`;
}

// halfway is the middle of a way.
function halfway(points) {
  const lengths = points.slice(1).map((q, i) => Math.hypot(q.x - points[i].x, q.y - points[i].y));
  let rest = lengths.reduce((sum, n) => sum + n, 0) / 2;
  const i = lengths.findIndex((n) => (rest -= n) <= 0);
  const share = 1 + rest / (lengths[i] || 1);
  return { x: points[i].x + (points[i + 1].x - points[i].x) * share, y: points[i].y + (points[i + 1].y - points[i].y) * share };
}
