// What stands beside the pointer. It says nothing that no table says, and is hidden from readers of screens.

/** Shares of groups as a list of at most eight. */
function shareList(weights) {
  const shown = ranked(weights).filter((one) => one.weight > 0);
  const rest = shown.slice(8).reduce((sum, one) => sum + one.weight, 0);
  return make("dl", {},
    shown.slice(0, 8).map(({ at, weight }) => [make("dt", {}, groupName(at)), make("dd", {}, share(weight))]),
    shown.length > 8 ? [make("dt", {}, `${shown.length - 8} more`), make("dd", {}, share(rest))] : null);
}

/** Shows something beside the pointer, or hides it. */
function showTip(event, ...content) {
  const tip = byId("tip");
  if (!event) {
    tip.hidden = true;
    return;
  }
  tip.replaceChildren(make("div", {}, ...content));
  tip.hidden = false;
  const { width, height } = tip.getBoundingClientRect();
  const left = event.clientX + 16 + width > innerWidth ? event.clientX - 16 - width : event.clientX + 16;
  const top = Math.min(event.clientY + 12, innerHeight - height - 8);
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${Math.max(4, top)}px`;
}

/** An element that says more beside the pointer. */
function withTip(element, content) {
  element.addEventListener("pointermove", (event) => showTip(event, content()));
  element.addEventListener("pointerleave", () => showTip(null));
  return element;
}

/**
 * A drawing in which the pointer finds things: `find` gets a place and gives what is near, `light` shows which one it is, and
 * `say` what is said of it.
 */
function findable(svg, find, light, say) {
  const leave = () => {
    light(null);
    showTip(null);
  };
  const look = (event) => {
    const frame = svg.getBoundingClientRect();
    const found = find(event.clientX - frame.left, event.clientY - frame.top);
    if (!found) {
      leave();
      return;
    }
    light(found);
    showTip(event, say(found));
  };
  svg.addEventListener("pointermove", look);
  svg.addEventListener("pointerdown", look);
  svg.addEventListener("pointerleave", leave);
  return svg;
}

addEventListener("scroll", () => showTip(null), { passive: true });
