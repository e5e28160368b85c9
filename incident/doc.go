// Package incident writes the one file that goes with a question to somebody else: a ZIP archive with
// the answer, what it rests on, and a text that says who may have what of it.
//
// It knows which files there are and in which of them names are real. It knows nothing of clusters,
// questions or the command line: what is in the files is made by others.
package incident
