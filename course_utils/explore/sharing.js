// "Copy this setting": asks the kernel for the line that makes this panel, and copies it. Where the
// page has no clipboard (plain http) the line stands there, marked, for Ctrl+C.
function render({ model, el }) {
  const button = document.createElement("button");
  const line = document.createElement("textarea");
  button.className = "jupyter-button jupyter-widgets widget-button";
  button.textContent = "Copy this setting";
  button.title = "the line of code that makes this panel";
  Object.assign(line, { readOnly: true, hidden: true, rows: 2 });
  line.setAttribute("aria-label", "code of this setting");
  const note = document.createElement("span");
  note.setAttribute("role", "status");
  el.classList.add("nt-copy");
  el.append(button, note, line);

  button.addEventListener("click", () => model.send({}));
  const copy = async ({ code }) => {
    line.value = code;
    line.hidden = false;
    line.select();
    try {
      await navigator.clipboard.writeText(code);
      note.textContent = "Copied.";
    } catch {
      line.focus();
      note.textContent = "Press Ctrl+C.";
    }
  };
  model.on("msg:custom", copy);

  // For screen readers, a slider's name, and its number as it is read.
  const name = (readout) => {
    const handle = readout.parentNode.querySelector(".noUi-handle");
    if (!handle) return;
    const label = readout.parentNode.querySelector(".widget-label")?.textContent ?? "";
    const says = { "aria-label": label, "aria-valuetext": readout.textContent };
    for (const [what, said] of Object.entries(says))
      if (handle.getAttribute(what) !== said) handle.setAttribute(what, said);
  };
  const watch = new MutationObserver(() =>
    el.closest(".nt-panel")?.querySelectorAll(".widget-readout").forEach(name),
  );
  const begin = () => {
    const panel = el.closest(".nt-panel");
    if (!panel) return requestAnimationFrame(begin); // it comes into the page after this
    const what = { subtree: true, childList: true, characterData: true };
    watch.observe(panel.querySelector(".nt-controls"), {
      ...what,
      attributeFilter: ["aria-valuetext"],
    });
    panel.querySelectorAll(".widget-readout").forEach(name);
  };
  begin();
  return () => {
    watch.disconnect();
    model.off("msg:custom", copy);
  };
}

export default { render };
