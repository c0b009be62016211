// Shows a picture of the kernel as SVG. What is marked in it can be pointed at, which shows exact
// values, and chosen by a click, Enter or Space, which the kernel hears. Arrow keys go along.
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
    const node = go(same < 0 ? stop : same);
    if (same >= 0) node.focus({ preventScroll: true });
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
    if (event.key in WAYS) go(stop + WAYS[event.key]).focus();
    else if (event.key === "Escape") point(null);
    else if (event.key === "Enter" || event.key === " ") choose(event.target);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  model.on("change", draw);
  draw();
  return () => model.off("change", draw);
}

export default { render };
