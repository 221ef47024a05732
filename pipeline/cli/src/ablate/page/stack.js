// Mixes as bars of many colours.

/** A bar of the shares of all groups, which says more beside the pointer. */
function stack(weights, name) {
  const sum = weights.reduce((all, weight) => all + (weight || 0), 0) || 1;
  let at = 0;
  const parts = weights.map((weight, group) => {
    const part = draw("rect", { class: groupClass(group), x: at, y: 0, width: ((weight || 0) / sum) * 1000, height: 10 });
    at += ((weight || 0) / sum) * 1000;
    return part;
  });
  const svg = draw("svg", { class: "stack", viewBox: "0 0 1000 10", preserveAspectRatio: "none", "aria-hidden": "true" }, parts);
  return withTip(svg, () => [make("b", {}, crawled(name)), shareList(weights)]);
}

/** Which colour is which group. */
const groupLegend = () => make("ul", { class: "legend" }, groups.map((_, at) => make("li", {}, groupName(at))));
