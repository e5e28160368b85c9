// Making elements. Text only ever becomes a text node, so nothing that it says can be markup.

const byId = (id) => document.getElementById(id);

// fill sets attributes and adds children, of which texts become text nodes.
function fill(node, attributes, children) {
  for (const [name, value] of Object.entries(attributes || {})) {
    if (name === "on") {
      for (const [event, handler] of Object.entries(value)) node.addEventListener(event, handler);
    } else if (value === true) {
      node.setAttribute(name, "");
    } else if (value !== false && value !== undefined && value !== null) {
      node.setAttribute(name, value);
    }
  }
  node.append(...children.flat().filter((c) => c !== null && c !== undefined && c !== false));
  return node;
}

const html = (tag, attributes, ...children) => fill(document.createElement(tag), attributes, children);
const svg = (tag, attributes, ...children) => fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);

// A name is kept apart from the text around it, so that letters written from right to left do not
// turn that around.
const named = (text, attributes) => html("bdi", attributes, text);
