// The keyboard in the picture: it is one stop of the Tab key. Up and down go from box to box, left
// and right through the links of a box, Enter opens.

const cursor = { box: "", link: -1 };

// here is the key of the thing that the keyboard is at.
function here() {
  const links = cursorLinks();
  return cursor.link >= 0 && cursor.link < links.length ? links[cursor.link].id : cursor.box;
}

function cursorLinks() {
  const t = drawn.things.get(cursor.box);
  return t ? t.links : [];
}

// settle makes one thing the stop of the Tab key, after the picture was drawn anew, too.
function settle() {
  if (!drawn.things.has(cursor.box)) Object.assign(cursor, { box: drawn.boxes[0] || "", link: -1 });
  for (const [key, t] of drawn.things) t.node.setAttribute("tabindex", key === here() ? "0" : "-1");
}

function moveTo(box, link) {
  Object.assign(cursor, { box, link });
  settle();
  const t = drawn.things.get(here());
  if (!t) return;
  t.node.focus({ preventScroll: true });
  reveal([t.node]);
}

// at moves the keyboard to where the mouse was used.
function at(key) {
  const link = drawn.links.find((l) => l.id === key);
  if (link) Object.assign(cursor, { box: link.from.id, link: drawn.things.get(link.from.id).links.indexOf(link) });
  else Object.assign(cursor, { box: key, link: -1 });
  settle();
}

picture.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || !event.target.closest(".thing")) return;
  const boxes = drawn.boxes, now = boxes.indexOf(cursor.box), links = cursorLinks().length;
  const go = {
    ArrowDown: () => moveTo(boxes[Math.min(now + 1, boxes.length - 1)], -1),
    ArrowUp: () => moveTo(boxes[Math.max(now - 1, 0)], -1),
    ArrowRight: () => links > 0 && moveTo(cursor.box, (cursor.link + 1) % links),
    ArrowLeft: () => links > 0 && moveTo(cursor.box, cursor.link < 0 ? links - 1 : (cursor.link + links - 1) % links),
    Home: () => moveTo(boxes[0], -1),
    End: () => moveTo(boxes[boxes.length - 1], -1),
    Enter: () => choose(here(), true),
    " ": () => choose(here(), true),
    "+": () => zoom(1 / 1.25),
    "-": () => zoom(1.25),
    0: () => fit(),
  }[event.key];
  if (!go) return;
  event.preventDefault();
  go();
});
