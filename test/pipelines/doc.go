// Package pipelines tests what runs in other people's pipelines: the scripts of ci, the steps of
// action.yaml as they ship, the hooks of pre-commit and the examples. Git repositories are real, the forge
// is a server of the test.
package pipelines
