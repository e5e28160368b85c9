// What is shown: every flow that the search and all filters let through.

const filters = { search: "", namespace: "", direction: "", ports: [], verdicts: new Set(data.shown) };

const filtered = () => filters.search !== "" || filters.namespace !== "" || filters.direction !== "" || filters.ports.length > 0 ||
  filters.verdicts.size < data.shown.length;

// portsOf reads "443, 53/udp, 8000-9000". What it cannot read is null.
function portsOf(text) {
  const out = [];
  for (const part of text.split(/[\s,]+/).filter((p) => p !== "")) {
    const m = /^(\d{1,5})(?:-(\d{1,5}))?(?:\/(tcp|udp|sctp))?$/i.exec(part);
    if (m === null) return null;
    out.push({ from: Number(m[1]), to: Number(m[2] || m[1]), protocol: (m[3] || "").toUpperCase() });
  }
  return out;
}

const hasPort = (flow, port) => flow.connections.some((c) => (port.protocol === "" || port.protocol === c.protocol) &&
  c.ports.some((p) => p.from <= port.to && port.from <= p.to));

// A flow goes in, out or within: of the namespace that is chosen, or else of the cluster.
function directionOf(flow) {
  const here = (id) => data.ends[id].place === "inside" && (filters.namespace === "" || data.ends[id].group === filters.namespace);
  const from = here(flow.from), to = here(flow.to);
  return from && to ? "within" : from ? "out" : to ? "in" : "";
}

function shows(flow) {
  if (!filters.verdicts.has(flow.verdict)) return false;
  const direction = directionOf(flow);
  if (direction === "" || filters.direction !== "" && direction !== filters.direction) return false;
  if (filters.ports.length > 0 && !filters.ports.some((p) => hasPort(flow, p))) return false;
  return filters.search.split(/\s+/).every((word) => flow.search.includes(word));
}

const shownFlows = () => data.flows.filter(shows);

// shownEnds are the ends of what is shown, and without any filter those that have no flow, too.
function shownEnds(flows) {
  if (!filtered()) return new Set(data.ends.map((e) => e.id));
  const out = new Set();
  for (const f of flows) for (const id of [f.from, f.to, ...f.entries.map((e) => e.end)]) out.add(id);
  if (filters.search !== "" && filters.ports.length === 0 && filters.direction === "") {
    for (const e of inside) {
      if ((filters.namespace === "" || e.group === filters.namespace) && filters.search.split(/\s+/).every((word) => e.search.includes(word))) out.add(e.id);
    }
  } else if (filters.namespace !== "" && filters.search === "" && filters.ports.length === 0 && filters.direction === "") {
    for (const e of inside) if (e.group === filters.namespace) out.add(e.id);
  }
  return out;
}
