// Package browser uses the page that `map -o html` writes as people do, with mouse and keyboard in
// a real Chromium, and sees what is shown. It is a module of its own, so that the product does not
// depend on what drives a browser.
package browser
