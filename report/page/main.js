// Putting it together: the head of the page, filters, what is selected, the theme.

// refresh shows what the filters let through.
function refresh(keep) {
  const flows = shownFlows(), ends = shownEnds(flows);
  draw(flows, ends);
  settle();
  if (!keep) fit();
  showRows(flows);
  showDetails();
  const some = [...ends].filter((id) => data.ends[id].place === "inside").length;
  const what = { workload: "workload", pod: "pod", namespace: "namespace" }[data.by];
  byId("shown").textContent = filtered() ? `${flows.length} of ${counted(data.flows.length, "flow")} and ${some} of ${counted(inside.length, what)} shown` :
    inside.length === 0 ? "Nothing to show: there are no pods and no workloads." : flows.length === 0 ? "No flow to show." : "";
  byId("clear").disabled = !filtered() && byId("port").value === "";
}

// select shows the details of something, and where it is.
function select(what) {
  selected = what;
  highlight();
  showDetails();
  revealSelected();
  markRow();
  if (what !== null && getComputedStyle(details).position !== "absolute") details.scrollIntoView({ block: "nearest" });
}

// choose is a click or Enter on a thing in the picture. A namespace opens or closes.
function choose(key, byKeyboard) {
  const t = drawn.things.get(key);
  const box = t && t.box;
  at(key);
  if (box && box.namespace !== undefined && !box.single) {
    byHand.set(box.namespace, !box.open);
    selected = { key };
    refresh(true);
    const again = drawn.things.get(key).node;
    if (byKeyboard) again.focus({ preventScroll: true });
    fit();
    revealSelected();
    markRow();
    return;
  }
  select(box && box.end ? { end: box.end } : { key });
  const link = drawn.links.find((l) => l.id === key);
  if (link && link.flows.length === 1) select({ flow: link.flows[0] });
}

picture.addEventListener("click", (event) => {
  if (dragged) return;
  const node = event.target.closest(".thing");
  if (node) choose(node.dataset.key, false);
  else select(null);
});

// The head of the page.
const scopeWords = data.scope[0].toUpperCase() + data.scope.slice(1);
byId("subtitle").append(
  scopeWords + " · by " + data.by + (data.plugin.name !== "unknown" ? " · network plugin " + data.plugin.name : " · network plugin not known") +
  (data.observedAt ? " · read " + data.observedAt.replace("T", " ").replace(/\.\d+/, "").replace("Z", " UTC") : " · from files"));
const nouns = { workload: "workload", pod: "pod", namespace: "namespace" };
byId("counts").append(
  html("li", {}, html("b", {}, String(inside.length)), " " + nouns[data.by] + (inside.length === 1 ? "" : "s")),
  data.by === "namespace" ? "" : html("li", {}, html("b", {}, String(namespaces.length)), " namespace" + (namespaces.length === 1 ? "" : "s")),
  ...data.shown.map((v) => html("li", { class: v.toLowerCase() }, html("span", { class: "mark", "aria-hidden": "true" }, verdicts[v].mark), " ",
    html("b", {}, String(data.flows.filter((f) => f.verdict === v).length)), " " + verdicts[v].many)));
if (data.note) {
  byId("note").hidden = false;
  byId("note").textContent = data.note;
}
byId("legend").append(
  ...[...data.shown, ...(data.shown.length > 1 ? ["Mixed"] : [])].map((v) => html("li", {},
    svg("svg", { viewBox: "0 0 40 10", width: 40, height: 10, "aria-hidden": "true" }, svg("g", { class: "link " + v.toLowerCase() }, svg("path", { class: "line", d: "M1 5H36", "marker-end": "url(#tip-" + v.toLowerCase() + ")" }))), " " + linkWords[v])),
  html("li", {}, html("span", { class: "swatch" }), " isolated for ingress"), html("li", {}, html("span", { class: "swatch open" }), " lets everything in"),
  html("li", {}, html("span", { class: "swatch outside" }), " outside the cluster"));
const sharing = data.flows.filter((f) => f.common).length;
byId("common-text").textContent = `Show what most share, faintly (${sharing})`;
byId("common").closest("label").hidden = sharing === 0;

// What is not known, below everything.
if (data.facts.length + data.gaps.length > 0) {
  byId("unknown").hidden = false;
  byId("unknown").querySelector("ul").append(
    ...data.facts.map((f) => html("li", {}, f.missing, html("span", { class: "quiet" }, " – " + f.settle))),
    ...data.gaps.map((g) => html("li", {}, "not read: " + [g.resource, g.namespace, g.name].filter((t) => t).join(" ") + " (" + g.reason + ")")));
}

// Filters.
byId("namespace").append(...namespaces.map((n) => html("option", { value: n }, n)));
byId("verdicts").append(...data.shown.map((v) => html("label", { class: "check" },
  html("input", { type: "checkbox", checked: true, value: v, on: { change: (e) => { filters.verdicts[e.target.checked ? "add" : "delete"](v); refresh(); } } }), " " + verdicts[v].word)));
let typing = 0;
byId("search").addEventListener("input", (event) => {
  clearTimeout(typing);
  typing = setTimeout(() => { filters.search = event.target.value.trim().toLowerCase(); refresh(); }, 120);
});
byId("port").addEventListener("input", (event) => {
  const ports = portsOf(event.target.value);
  event.target.setAttribute("aria-invalid", String(ports === null));
  filters.ports = ports || [];
  refresh();
});
byId("namespace").addEventListener("change", (event) => { filters.namespace = event.target.value; refresh(); });
byId("direction").addEventListener("change", (event) => { filters.direction = event.target.value; refresh(); });
byId("filters").addEventListener("submit", (event) => event.preventDefault());

function clearFilters() {
  byId("filters").reset();
  byId("port").setAttribute("aria-invalid", "false");
  Object.assign(filters, { search: "", namespace: "", direction: "", ports: [], verdicts: new Set(data.shown) });
  refresh();
}
byId("clear").addEventListener("click", clearFilters);

byId("common").addEventListener("change", () => refresh(true));
byId("zoom-in").addEventListener("click", () => zoom(1 / 1.25));
byId("zoom-out").addEventListener("click", () => zoom(1.25));
byId("fit").addEventListener("click", fit);
const openAll = (open) => () => {
  for (const n of namespaces) byHand.set(n, open);
  refresh();
};
byId("expand").addEventListener("click", openAll(true));
byId("collapse").addEventListener("click", openAll(false));

// The theme is the system's until it is chosen.
const system = matchMedia("(prefers-color-scheme: dark)");
const isDark = () => document.documentElement.dataset.theme ? document.documentElement.dataset.theme === "dark" : system.matches;
const nameTheme = () => { byId("theme").textContent = isDark() ? "Light" : "Dark"; };
byId("theme").addEventListener("click", () => {
  document.documentElement.dataset.theme = isDark() ? "light" : "dark";
  nameTheme();
});
system.addEventListener("change", nameTheme);
nameTheme();

addEventListener("keydown", (event) => {
  if (event.key === "/" && !event.ctrlKey && !event.metaKey && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName)) {
    event.preventDefault();
    byId("search").focus();
    byId("search").select();
  } else if (event.key === "Escape") {
    event.preventDefault();
    if (selected !== null) select(null);
    else if (filtered() || byId("port").value !== "") clearFilters();
  }
});

refresh();
