// The table of flows says in words what the picture shows, and is filtered with it.

const rows = data.flows.map((flow) => html("tr", { tabindex: "-1", "data-flow": flow.id, on: { click: () => select({ flow }), focus: () => stop(flow.id) } },
  html("td", {}, verdictChip(flow.verdict)),
  html("td", {}, named(data.ends[flow.from].full)), html("td", {}, named(data.ends[flow.to].full), flow.entries.map((e) => html("div", { class: "quiet" }, "by ", named(data.ends[e.end].full)))),
  html("td", { class: "ports" }, flow.text, flow.partial ? html("div", { class: "quiet" }, "not for all pods") : null),
  html("td", {}, byWhat(flow, "egress")), html("td", {}, byWhat(flow, "ingress"))));

const body = byId("table").querySelector("tbody");
body.replaceChildren(...rows);

// One row is a stop of the Tab key; the arrows go on from it.
function stop(id) {
  rows.forEach((row, i) => row.setAttribute("tabindex", i === id ? "0" : "-1"));
}

function showRows(flows) {
  const shown = new Set(flows.map((f) => f.id));
  rows.forEach((row, i) => { row.hidden = !shown.has(i); });
  if (flows.length > 0) stop(flows[0].id);
}

function markRow() {
  rows.forEach((row, i) => {
    const is = selected !== null && selected.flow !== undefined && selected.flow.id === i;
    row.classList.toggle("selected", is);
    row.setAttribute("aria-current", String(is));
  });
}

body.addEventListener("keydown", (event) => {
  const row = event.target.closest("tr");
  const step = { ArrowDown: "nextElementSibling", ArrowUp: "previousElementSibling" }[event.key];
  if (row && step) {
    event.preventDefault();
    let next = row[step];
    while (next && next.hidden) next = next[step];
    if (next) next.focus();
  } else if (row && (event.key === "Enter" || event.key === " ")) {
    event.preventDefault();
    select({ flow: data.flows[Number(row.dataset.flow)] });
    details.focus();
  }
});
