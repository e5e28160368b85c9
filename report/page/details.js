// The details of what is selected.

const details = byId("details");

function showDetails() {
  const link = selected && selected.key ? drawn.links.find((l) => l.id === selected.key) : null;
  const group = selected && selected.key && drawn.layout ? drawn.layout.groups.find((g) => g.id === selected.key) : null;
  let content = null;
  if (selected === null) content = null;
  else if (selected.flow) content = aboutFlow(selected.flow);
  else if (selected.end) content = aboutEnd(selected.end);
  else if (link) content = link.flows.length === 1 ? aboutFlow(link.flows[0]) : aboutLink(link);
  else if (group) content = aboutGroup(group);
  details.hidden = content === null;
  if (content === null) return;
  const close = html("button", { type: "button", class: "close", "aria-label": "Close the details", title: "Close (Esc)", on: { click: () => select(null) } }, "×");
  details.replaceChildren(close, ...content.flat().filter((c) => c));
  details.scrollTop = 0;
}

// endButton selects an end.
const endButton = (id) => html("button", { type: "button", class: "ref", on: { click: () => select({ end: data.ends[id] }) } }, named(data.ends[id].full));

function aboutFlow(flow) {
  const from = data.ends[flow.from], to = data.ends[flow.to];
  const part = (title, end, direction) => [html("h3", {}, title, " ", named(end.full)), ...causeOf(flow, direction)];
  return [
    html("p", { class: "over" }, "Flow"),
    html("h2", {}, endButton(flow.from), html("span", { class: "arrow" }, " → "), endButton(flow.to)),
    html("p", {}, verdictChip(flow.verdict), " ", html("span", { class: "ports" }, flow.text)),
    flow.partial ? html("p", {}, "Not every pod of both ends is treated alike; this holds for some of them.") : null,
    ...flow.entries.map((e) => html("p", {}, isService(data.ends[e.end]) ? "Comes in by " : "Carries requests of ", endButton(e.end), " (" + data.ends[e.end].kind + "): " + e.ports.join(", ") + ".",
      e.rewritten ? " The pod may see a node as the source instead of the client, of which the verdict is." : "")),
    ...part("Out of", from, "egress"), ...part("Into", to, "ingress"),
    ...(flow.facts || []).length > 0 ? [html("h3", {}, "What is not known"), html("ul", {}, flow.facts.map((i) => html("li", {}, data.facts[i].missing + ": " + data.facts[i].settle)))] : [],
    ...aboutRanges(from), ...aboutRanges(to),
  ];
}

const aboutRanges = (end) => (end.ranges || []).length > 1 ? [html("h3", {}, "Addresses"), html("ul", { class: "ranges" }, end.ranges.map((r) => html("li", {}, html("code", {}, r))))] : [];

// flowList lists flows as buttons by their other end.
const flowList = (flows, label) => html("ul", { class: "flows" }, flows.map((f) => html("li", {},
  html("button", { type: "button", class: "row", on: { click: () => select({ flow: f }) } },
    html("span", { class: "mark " + f.verdict.toLowerCase(), title: verdicts[f.verdict].word, "aria-label": verdicts[f.verdict].word, role: "img" }, verdicts[f.verdict].mark),
    html("span", { class: "who" }, label(f)), html("span", { class: "ports" }, f.text)))));

function aboutEnd(end) {
  const flows = end.flows.filter(shows);
  const into = flows.filter((f) => f.to === end.id), out = flows.filter((f) => f.from === end.id), through = flows.filter((f) => f.from !== end.id && f.to !== end.id);
  const list = (title, list, label) => [html("h3", {}, title + " (" + list.length + ")"), list.length > 0 ? flowList(list, label) : html("p", { class: "quiet" }, "Nothing" + (filtered() ? " that the filters let through." : "."))];
  const where = { from: "Addresses outside, as sources", to: "Addresses outside, as destinations", entry: isService(end) ? "Service of type " + end.kind : end.kind }[end.place];
  const inside = end.place === "inside";
  return [
    html("p", { class: "over" }, where || end.kind + (end.kind === "Pod" ? "" : end.template ? ", known by its template" : ", " + counted(end.pods || 0, "pod"))),
    html("h2", {}, named(end.full)),
    (end.outside || []).length > 0 ? html("p", {}, "Among them: " + end.outside.map((o) => o === "metadata" ? "the address at which clouds hand out identities (metadata)" : "the " + o).join(", ") + ".") : null,
    ...inside ? [html("h3", {}, "Ingress"), ...isolationOf(end, "ingress"), html("h3", {}, "Egress"), ...isolationOf(end, "egress")] : [],
    ...inside || end.place === "to" ? list("Who reaches it", into, (f) => named(data.ends[f.from].full)) : [],
    ...inside || end.place === "from" ? list("What it reaches", out, (f) => named(data.ends[f.to].full)) : [],
    ...end.place === "entry" ? list("What comes in by it", through, (f) => named(data.ends[f.from].full + " → " + data.ends[f.to].full)) : [],
    ...aboutRanges(end),
  ];
}

const both = (f) => named(data.ends[f.from].full + " → " + data.ends[f.to].full);

function aboutLink(link) {
  return [html("p", { class: "over" }, counted(link.flows.length, "flow")), html("h2", {}, named(boxName(link.from)), " → ", named(boxName(link.to))), flowList(link.flows, both)];
}

const boxName = (box) => box.end ? box.end.full : box.namespace;

function aboutGroup(group) {
  const flows = shownFlows();
  const of = (id) => data.ends[id].place === "inside" && data.ends[id].group === group.namespace;
  const part = (title, list) => list.length > 0 ? [html("h3", {}, title + " (" + list.length + ")"), flowList(list, both)] : [];
  if (group.single) return aboutEnd(group.members[0]);
  return [
    html("p", { class: "over" }, "Namespace, " + counted(group.members.length, data.by === "pod" ? "pod" : "workload")),
    html("h2", {}, named(group.namespace)),
    html("ul", { class: "members" }, group.members.map((e) => html("li", {}, endButton(e.id),
      e.ingress && e.ingress.isolated === "no" ? html("span", { class: "quiet" }, " lets everything in") : null))),
    ...part("From elsewhere", flows.filter((f) => of(f.to) && !of(f.from))),
    ...part("To elsewhere", flows.filter((f) => of(f.from) && !of(f.to))),
    ...part("Within", flows.filter((f) => of(f.from) && of(f.to))),
  ];
}
