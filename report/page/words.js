// What is said in words: verdicts, and what decides.

const verdicts = {
  Allowed: { mark: "✔", word: "allowed", many: "allowed" },
  Unknown: { mark: "?", word: "not known", many: "not known" },
  Denied: { mark: "✘", word: "denied", many: "denied" },
};

const counted = (n, one, many) => n + " " + (n === 1 ? one : many || one + "s");

const verdictChip = (verdict) => html("span", { class: "chip " + verdict.toLowerCase() },
  html("span", { class: "mark", "aria-hidden": "true" }, verdicts[verdict].mark), " " + verdicts[verdict].word);

const policyName = (i) => html("code", { class: "policy" }, named(data.policies[i]));
const ruleName = (r) => html("li", {}, policyName(r.policy), " ", html("code", { class: "path" }, r.path));
const policyList = (list) => list.flatMap((p, i) => [i > 0 ? ", " : null, policyName(p)]);

// Why policies are not asked, by the name that the engine has for it.
const exemptions = {
  NotAPod: "Addresses outside are selected by no policy.",
  SelfTraffic: "A pod always reaches itself.",
  Hairpin: "The network plugin lets a pod reach itself through its own Service.",
  HostNetwork: "The network plugin does not isolate pods on the network of their node.",
  Unenforced: "The network plugin does not reliably isolate pods without an owner.",
  OwnNode: "Traffic between a pod and its own node is let through.",
};

// causeOf says what decides a flow in a direction, as a list of elements.
function causeOf(flow, direction) {
  const cause = flow[direction];
  const end = data.ends[direction === "egress" ? flow.from : flow.to];
  const out = [];
  const say = (...words) => out.push(html("p", {}, ...words));
  for (const e of cause.exempt || []) say(e === "NotAPod" || !(e in exemptions) || end.place === "inside" ? exemptions[e] || e : exemptions.NotAPod);
  if (end.place !== "inside") return out;
  const policies = cause.policies || [];
  const way = direction === "egress" ? "out" : "in";
  if (cause.open) say((policies.length > 0 ? "Some of its pods are not isolated" : "Nothing isolates it") + " for " + direction + ": everything is let " + way + ".");
  if (policies.length > 0) say("Isolated by ", ...policyList(policies), ".");
  if (cause.rules) {
    say(cause.rules.length === 1 ? "This rule admits it:" : "These rules admit it:");
    out.push(html("ul", { class: "rules" }, cause.rules.map(ruleName)));
  }
  if (cause.perhaps) {
    say("It is not known whether " + (cause.perhaps.length === 1 ? "this rule admits it:" : "these rules admit it:"));
    out.push(html("ul", { class: "rules perhaps" }, cause.perhaps.map(ruleName)));
  }
  if (cause.others) say("Policies of another layer may decide: ", cause.others.join(", "), ".");
  if (cause.denies) say(policies.length > 0 && !cause.rules ? "No rule admits it, so it is denied." : "Not every port is admitted: what is shown is denied.");
  return out;
}

// isolationOf says what isolates a workload in a direction.
function isolationOf(end, direction) {
  const is = end[direction];
  const way = direction === "egress" ? "out" : "in";
  if (!is) return [html("p", {}, "Not known.")];
  const out = [];
  if (is.exempt) {
    out.push(html("p", {}, "Not isolated: it is on the network of its node, where the network plugin does not isolate pods."));
  } else if (is.isolated === "yes") {
    out.push(html("p", {}, "Isolated by ", ...policyList(is.policies || []), ": only what their rules admit is let " + way + "."));
  } else if (is.isolated === "no") {
    out.push(html("p", {}, "Not isolated: no policy for " + direction + " selects it, so everything is let " + way + "."));
  } else if (is.differs) {
    out.push(html("p", {}, "Some pods are isolated by ", ...policyList(is.policies || []), ", others are not isolated."));
  } else {
    out.push(html("p", {}, "Not known whether it is isolated", ...(is.policies ? [": by ", ...policyList(is.policies), ", if the network plugin does so"] : []), "."));
  }
  if (is.may) out.push(html("p", {}, "Not known whether it is selected by ", ...policyList(is.may), "."));
  return out;
}

// byWhat says in a cell of the table what decides.
function byWhat(flow, direction) {
  const cause = flow[direction];
  if (data.ends[direction === "egress" ? flow.from : flow.to].place !== "inside") return [html("span", { class: "quiet" }, "outside")];
  const out = [...(cause.rules || []), ...(cause.perhaps || [])].map((r) => html("div", {}, policyName(r.policy), " ", html("code", { class: "path" }, r.path)));
  if (cause.open) out.push(html("div", { class: "quiet" }, "not isolated"));
  if (out.length === 0 && cause.exempt) out.push(html("div", { class: "quiet" }, "exempt"));
  if (out.length === 0 && cause.denies) out.push(html("div", { class: "quiet" }, "no rule admits it"));
  return out;
}
