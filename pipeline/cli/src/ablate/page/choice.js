// Choices of one among several.

let nChoices = 0;

/** A row of buttons of which one is down; a list when there are many. `options` are pairs of a value and a name. */
function choice(title, options, value, change, isNames = false) {
  if (options.length < 2) return null;
  nChoices += 1;
  const name = `choice-${nChoices}`;
  if (options.length > 6) {
    const list = make("select", { "aria-label": title, on: { change: () => change(options[Number(list.value)][0]) } },
      options.map(([one, text], at) => make("option", { value: at, selected: one === value }, text)));
    return list;
  }
  return make("fieldset", { class: isNames ? "choice names" : "choice" }, make("legend", { class: "hidden" }, title),
    options.map(([one, text]) => make("label", {},
      make("input", { type: "radio", name, checked: one === value, on: { change: () => change(one) } }),
      make("span", {}, text))));
}

/** A list whose first entry is everything; `options` are values, or pairs of a value and a name. */
function anyOf(title, options, change) {
  const list = make("select", { "aria-label": title, on: { change: () => change(list.value === "" ? null : options[Number(list.value)][0]) } },
    make("option", { value: "" }, title),
    options.map(([, text], at) => make("option", { value: at }, text)));
  return list;
}
