// What the mouse points at. That is what it moves to, not what comes to lie under a mouse that rests:
// when the picture is drawn anew or moved, or the page scrolls, browsers make as if the mouse moved,
// and :hover follows them.

const pointer = { x: null, y: null, node: null };

// mark gives a class to a thing and to its label, or takes it.
function mark(node, name, is) {
  if (!node) return;
  node.classList.toggle(name, is);
  const t = drawn.things.get(node.dataset.key);
  if (t && t.label && t.node === node) t.label.classList.toggle(name, is);
}

function pointTo(node) {
  if (pointer.node === node) return;
  mark(pointer.node, "pointed", false);
  pointer.node = node;
  mark(node, "pointed", true);
}
const pointAway = () => pointTo(null);

// Only another place on the screen is a movement. Where the mouse was before the first one is not known.
addEventListener("pointermove", (event) => {
  const moved = pointer.x !== null && (event.screenX !== pointer.x || event.screenY !== pointer.y);
  Object.assign(pointer, { x: event.screenX, y: event.screenY });
  if (moved) pointTo(event.buttons === 0 && picture.contains(event.target) ? event.target.closest(".thing") : null);
});
// The label of the line that the keyboard is at is shown, as that of a line that is pointed at.
for (const [event, is] of [["focusin", true], ["focusout", false]]) {
  picture.addEventListener(event, (e) => mark(e.target.closest(".thing"), "focused", is && e.target.matches(":focus-visible")));
}
picture.addEventListener("pointerleave", pointAway);
addEventListener("scroll", pointAway, { capture: true, passive: true });
