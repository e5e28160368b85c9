// What the page was made of, and an index of it.

// plain makes characters visible that control something or change the direction of writing, as the
// other formats do.
const plain = (text) => text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Co}]/gu, (c) => c === "\u200d" ? c : "\\u{" + c.codePointAt(0).toString(16) + "}");

const data = JSON.parse(byId("data").textContent, (_, value) => typeof value === "string" ? plain(value) : value);

const shortKinds = {
  Deployment: "deploy", StatefulSet: "sts", DaemonSet: "ds", CronJob: "cronjob", Job: "job", Pod: "pod",
  ReplicaSet: "rs", ReplicationController: "rc", Namespace: "ns",
};
const shortKind = (kind) => shortKinds[kind] || kind.toLowerCase();

// Ways in are Services, Ingresses and routes of the Gateway API.
const isService = (end) => end.kind !== "Ingress" && !end.kind.endsWith("Route");

data.ends.forEach((end, id) => {
  end.id = id;
  end.flows = [];
  end.group = end.place !== "inside" ? "" : end.kind === "Namespace" ? end.name : end.namespace;
  end.full = end.place === "inside" ? (end.kind === "Namespace" ? "ns/" + end.name : end.namespace + "/" + shortKind(end.kind) + "/" + end.name)
    : end.place === "entry" ? (isService(end) ? "svc" : shortKind(end.kind)) + " " + end.namespace + "/" + end.name : end.name;
  end.search = [end.full, end.kind, ...(end.ranges || []), ...(end.outside || [])].join(" ").toLowerCase();
});

data.flows.forEach((flow, id) => {
  flow.id = id;
  flow.entries = flow.entries || [];
  for (const end of new Set([flow.from, flow.to, ...flow.entries.map((e) => e.end)])) data.ends[end].flows.push(flow);
  const policies = ["egress", "ingress"].flatMap((d) => [...(flow[d].policies || []), ...(flow[d].rules || []).map((r) => r.policy)]);
  flow.search = [
    data.ends[flow.from].search, data.ends[flow.to].search, ...flow.entries.map((e) => data.ends[e.end].search), flow.text,
    ...new Set(policies.map((p) => data.policies[p])),
  ].join(" ").toLowerCase();
});

const inside = data.ends.filter((end) => end.place === "inside");
const namespaces = [...new Set(inside.map((end) => end.group))].sort();

// An end is common where most workloads share it, or most namespaces: DNS, monitoring, the internet.
// Flows to and from it are drawn faintly, since they hide what is special about the others.
const fewest = 8;
for (const end of data.ends) {
  for (const [here, there] of [["from", "to"], ["to", "from"]]) {
    const others = end.flows.filter((f) => f[here] === end.id && data.ends[f[there]].place === "inside").map((f) => f[there]);
    const workloads = new Set(others).size, spaces = new Set(others.map((id) => data.ends[id].group)).size;
    end.common = end.common || inside.length >= fewest && workloads * 2 >= inside.length || data.by !== "namespace" && namespaces.length > fewest && spaces * 2 >= namespaces.length;
  }
}
// Where nearly all flows are of that kind, nothing is special about the others.
const isCommon = (flow) => data.ends[flow.from].common || data.ends[flow.to].common;
const telling = data.flows.filter(isCommon).length < data.flows.length * 0.9;
for (const flow of data.flows) flow.common = telling && isCommon(flow);
