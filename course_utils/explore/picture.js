// Shows a picture of the kernel as SVG. What is marked in it can be pointed at, which shows exact
// values, and chosen by a click, Enter or Space, which the kernel hears. Arrow keys go along, and on
// past the first and last mark if there is more; so do Page Up and Down, Home, End and the wheel.
const PAGES = { PageDown: 1, PageUp: -1, End: 1e6, Home: -1e6 };
const FALL = 450; // milliseconds
const WAYS = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };

function render({ model, el }) {
  const part = (name) => {
    const node = document.createElement("div");
    node.className = name;
    el.append(node);
    return node;
  };
  const [image, marks, tip, caption] = ["image", "marks", "tip", "caption"].map(part);
  el.classList.add("nt-picture");
  image.setAttribute("role", "img");
  marks.setAttribute("role", "group");
  marks.setAttribute("aria-label", "values in the picture");
  marks.dataset.lmSuppressShortcuts = "true"; // Lab would go to another cell
  tip.ariaHidden = caption.ariaHidden = "true"; // the mark has it as its name, and the image
  let stop = 0; // the mark that Tab comes to
  let pointed = null;
  let held = false; // whether the focus stays at its place while others come there
  let shown = ""; // the keys of all marks

  const point = (node) => {
    pointed = node;
    tip.hidden = !node;
    if (!node) return;
    tip.textContent = node.getAttribute("aria-label");
    const [box, room] = [node.getBoundingClientRect(), el.getBoundingClientRect()];
    const [wide, high] = [tip.offsetWidth, tip.offsetHeight];
    let left = box.width > 1.5 * wide ? box.right - wide - 8 : box.left + 8; // off a row's name
    let top = box.bottom + 4;
    if (box.height > 2 * high) {
      // beside a column, on the side that has room
      left = box.right + 8 + wide <= room.right ? box.right + 8 : box.left - 8 - wide;
      top = box.top + 8;
    } else if (top + high > room.bottom) top = box.top - high - 4;
    tip.style.left = `${Math.max(0, Math.min(left, room.right - wide) - room.left)}px`;
    tip.style.top = `${Math.max(0, top - room.top)}px`;
  };
  const go = (to) => {
    const nodes = [...marks.children];
    stop = Math.max(0, Math.min(to, nodes.length - 1));
    nodes.forEach((node, i) => (node.tabIndex = i === stop ? 0 : -1));
    return nodes[stop];
  };
  const choose = (node) => {
    model.set("chosen", [node.dataset.key, model.get("chosen")[1] + 1]);
    model.save_changes();
  };
  const roll = (steps) => {
    model.set("rolled", model.get("rolled") + steps);
    model.save_changes();
  };
  const walk = (way) => {
    const next = stop + way;
    // The last mark of a longer list stands for all that it does not show.
    const inside = 0 <= next && next < marks.children.length - (model.get("scrollable") ? 1 : 0);
    if (inside || !model.get("scrollable")) return go(next).focus();
    held = true;
    roll(way);
  };
  const land = () => {
    const [key, left] = model.get("landed");
    const node = [...marks.children].find((node) => node.dataset.key === key);
    if (!node || matchMedia("(prefers-reduced-motion: reduce)").matches) return;
    const dot = part("landing");
    dot.ariaHidden = "true";
    const [top, high] = [node.offsetTop, node.offsetHeight];
    Object.assign(dot.style, { left: `${left}%`, top: `${top + high / 2}px` });
    const [start, hop] = [-top - high / 2, -high / 2].map((y) => `0 ${y}px`);
    const frames = [
      { translate: start, easing: "ease-in" },
      { translate: "0 0", offset: 0.7, easing: "ease-out" },
      { translate: hop, offset: 0.85, easing: "ease-in" },
      { translate: "0 0" },
    ];
    dot.animate(frames, FALL).onfinish = () => dot.remove();
  };
  const draw = () => {
    if (image.shown !== model.get("value")) image.innerHTML = image.shown = model.get("value");
    image.setAttribute("aria-label", model.get("says"));
    caption.textContent = model.get("captioned") ? model.get("says") : "";
    const wanted = model.get("marks");
    const focused = marks.contains(document.activeElement) && document.activeElement.dataset.key;
    while (marks.children.length > wanted.length) marks.lastChild.remove();
    wanted.forEach(([key, says, left, top, width, height], i) => {
      const node = marks.children[i] ?? marks.appendChild(document.createElement("div"));
      node.setAttribute("role", model.get("choosable") ? "button" : "img");
      node.setAttribute("aria-label", says);
      node.dataset.key = key;
      Object.assign(node.style, {
        left: `${left}%`, top: `${top}%`, width: `${width}%`, height: `${height}%`,
      });
    });
    marks.hidden = !wanted.length;
    const same = wanted.findIndex(([key]) => key === focused);
    const node = go(same < 0 || held ? stop : same);
    const keys = wanted.map(([key]) => key).join();
    if (keys !== shown) held = false; // they have come
    shown = keys;
    if (focused) node.focus({ preventScroll: true });
    point(marks.contains(pointed) ? pointed : null);
  };

  const of = (event) => (event.target.parentNode === marks ? event.target : null);
  marks.addEventListener("pointerover", (event) => point(of(event)));
  marks.addEventListener("pointerleave", () => point(null));
  marks.addEventListener("focusin", (event) => {
    go([...marks.children].indexOf(event.target));
    point(event.target);
  });
  marks.addEventListener("focusout", () => point(null));
  marks.addEventListener("click", (event) => of(event) && choose(of(event)));
  marks.addEventListener("keydown", (event) => {
    if (event.key in WAYS) walk(WAYS[event.key]);
    else if (event.key in PAGES && model.get("scrollable")) {
      held = true;
      roll(PAGES[event.key] * (marks.children.length - 1));
    }
    else if (event.key === "Escape") point(null);
    else if (event.key === "Enter" || event.key === " ") choose(event.target);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  // Only for who is in the picture: a wheel over it is else for the page.
  const wheel = (event) => {
    const down = event.deltaY || event.deltaX;
    if (!model.get("scrollable") || !down || !marks.contains(document.activeElement)) return;
    held = true;
    roll(Math.sign(down) * 3);
    event.preventDefault();
    event.stopPropagation();
  };
  el.addEventListener("wheel", wheel, { passive: false });
  model.on("change", draw);
  model.on("change:landed", land);
  draw();
  return () => {
    model.off("change", draw);
    model.off("change:landed", land);
  };
}

export default { render };
