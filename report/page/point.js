// What the mouse points at. That is what it moves to, not what comes to lie under a mouse that rests:
// when the picture is drawn anew or moved, or the page scrolls, browsers make as if the mouse moved,
// and :hover follows them.

const pointer = { x: null, y: null, node: null };

function pointTo(node) {
  if (pointer.node === node) return;
  if (pointer.node) pointer.node.classList.remove("pointed");
  pointer.node = node;
  if (node) node.classList.add("pointed");
}
const pointAway = () => pointTo(null);

// Only another place on the screen is a movement. Where the mouse was before the first one is not known.
addEventListener("pointermove", (event) => {
  const moved = pointer.x !== null && (event.screenX !== pointer.x || event.screenY !== pointer.y);
  Object.assign(pointer, { x: event.screenX, y: event.screenY });
  if (moved) pointTo(event.buttons === 0 && picture.contains(event.target) ? event.target.closest(".thing") : null);
});
picture.addEventListener("pointerleave", pointAway);
addEventListener("scroll", pointAway, { capture: true, passive: true });
