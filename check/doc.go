// Package check is the catalogue of findings. A check is a value: a stable code, what it means,
// and a function that looks at one answered question (a Pass) and reports what it finds. All
// lists every check; there is no other registration.
//
// Checks are pure and do not depend on each other's order. A family of codes has one file:
// 1xx labels, 2xx namespaces, 3xx ports, 4xx rules, 5xx DNS, 6xx policy logic, 7xx endpoints,
// Services and the network plugin. 8xx are made by tests on the network and are only documented
// here.
package check
