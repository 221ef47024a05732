// What the share of each group does to the objective, one small drawing each.

function sensitivitySection() {
  if (!laws || !laws.sensitivities.length) return null;
  const state = { isShared: true };
  const every = (one) => one.points.flatMap(([, estimate]) => [estimate.low, estimate.high]);
  const shared = ends(laws.sensitivities.flatMap(every));
  const places = [];
  const effect = (one) => ends(one.points.map(([, estimate]) => estimate.value), 0).reduce((low, high) => high - low);
  const cards = [...laws.sensitivities].sort((a, b) => effect(b) - effect(a)).map((one) => {
    const place = plot(200, (width) => sensitivity(width, 200, one, state.isShared ? shared : ends(every(one))));
    places.push(place);
    const at = groups.indexOf(one.group);
    const card = make("article", { class: "metric small-card" }, make("h3", {}, at >= 0 ? groupName(at) : crawled(one.group)),
      make("p", { class: "about" }, `proposed ${share(one.at)}, at most ${share(one.most)}`), place);
    filtered.push((wanted) => { card.hidden = !matches(wanted, one.group); });
    return card;
  });
  const change = (isShared) => {
    state.isShared = isShared;
    places.forEach((place) => place.again());
  };
  return section("sensitivity", "Sensitivity",
    make("div", { class: "lead" },
      make("p", {}, "The predicted objective, with its interval, when one group’s share changes and the others keep their proportions. A flat line: the share hardly matters. ",
        "The disc is the proposed share; the dashed line is the most that the limits allow. What matters most comes first."),
      choice("Scale", [[true, "same scale"], [false, "own scales"]], true, change)),
    make("div", { class: "cards" }, cards));
}

function sensitivity(width, height, one, [from, to]) {
  const last = Math.max(one.most || 0, one.at || 0, ...one.points.map(([at]) => at)) || 1;
  const frame = axes(width, height, { from: 0, to: last * 100, label: "share, %" }, { from, to, label: "nats per token" }, { top: 8 });
  const place = (at, n) => [frame.x(at * 100), frame.y(n)];
  const points = one.points.filter(([, estimate]) => isNumber(estimate.value));
  const line = (end) => points.map(([at, estimate]) => place(at, estimate[end] ?? estimate.value));
  const value = lossAt(points.map(([at, estimate]) => [at, estimate.value]), one.at);
  frame.inside.append(clipped(frame,
    points.length ? draw("path", { class: "band", d: `${path([...line("high"), ...line("low").reverse()])}Z` }) : null,
    draw("path", { class: "curve law", d: path(line("value")) }),
    draw("line", { class: "limit", x1: frame.x(one.most * 100), x2: frame.x(one.most * 100), y1: frame.top, y2: frame.bottom })));
  if (value !== null) {
    const [cx, cy] = place(one.at, value);
    frame.inside.append(draw("circle", { class: "proposed at", cx, cy, r: 5 }));
  }
  const cross = draw("line", { class: "cross", y1: frame.top, y2: frame.bottom, visibility: "hidden" });
  frame.inside.append(cross);
  const find = (px) => points.reduce((best, point) => (best && Math.abs(place(best[0], 0)[0] - px) <= Math.abs(place(point[0], 0)[0] - px) ? best : point), null);
  const light = (point) => {
    cross.setAttribute("visibility", point ? "visible" : "hidden");
    if (point) fill(cross, { x1: place(point[0], 0)[0], x2: place(point[0], 0)[0] }, []);
  };
  return findable(frame.svg, find, light, ([at, estimate]) => [make("b", {}, crawled(one.group), ` ${share(at)}`), make("p", {}, `${nats(estimate.value)} (${interval(estimate)})`)]);
}
