// The mix that is proposed, beside the prior.

function mixSection() {
  if (!laws || !laws.mixes.length) return null;
  const [best, prior] = laws.mixes;
  const order = ranked(best.weights).map((one) => one.at);
  const height = order.length * (prior ? 34 : 22) + 50;
  const isNear = prior && best.objective.high >= prior.objective.low;
  const overlap = isNear ? "The intervals overlap." : "The intervals do not overlap.";
  return section("mix", "The mix",
    make("p", {}, `What the law of ${laws.proxy} proposes${prior ? ", beside the prior" : ""}. `,
      `Predicted objective: ${nats(best.objective.value)} nats per token (${interval(best.objective)})`,
      prior ? `, against ${nats(prior.objective.value)} (${interval(prior.objective)}) of the prior. ${overlap}` : ".",
      ` It is ${isNumber(best.kl) ? best.kl.toFixed(3) : "–"} nats from the prior (Kullback–Leibler divergence).`),
    legend([["box proposed", "proposed"], ...(prior ? [["box prior", "prior"]] : [])]),
    figure(plot(height, (width) => shareBars(width, height, order, best, prior), "bars"),
      "Shares of the training tokens, in per cent. The number behind each bar is the share proposed",
      prior ? ", with how many times the prior it is." : "."),
    prior ? figure(plot(104, (width) => objectiveBars(width, [["proposed", best], ["prior", prior]])),
      "Predicted objective with its interval. Less is better.") : null,
    mixFile());
}

/** A pair of bars for each group. */
function shareBars(width, height, order, best, prior) {
  const label = labelWidth(groups, width);
  const [left, right, row] = [label + 10, 96, prior ? 34 : 22];
  const most = Math.max(0.01, ...best.weights, ...(prior ? prior.weights : []));
  const bottom = order.length * row + 4;
  const x = (n) => left + (n / most) * (width - left - right);
  const marks = ticks(0, most * 100, Math.max(2, (width - left - right) / 80));
  const text = axisNumber(marks.step || 1);
  const bars = order.map((group, at) => {
    const [now, then, y] = [best.weights[group], prior ? prior.weights[group] : null, at * row + 4];
    const times = then > 0 && now > 0 ? ` × ${now / then < 9.95 ? (now / then).toPrecision(2) : number(Math.round(now / then))}` : then === 0 && now > 0 ? " new" : "";
    return [
      draw("text", { class: "row-label", x: label, y: y + row / 2 + 1, "text-anchor": "end" }, shortened(groups[group], label)),
      draw("rect", { class: "proposed", x: left, y: y + 1, width: Math.max(0, x(now) - left), height: 13, rx: 1.5 }),
      prior ? draw("rect", { class: "prior", x: left, y: y + 15, width: Math.max(0, x(then) - left), height: 8, rx: 1.5 }) : null,
      draw("text", { class: "value", x: Math.max(x(now), prior ? x(then) : 0) + 7, y: y + row / 2 + 1 }, share(now), draw("tspan", { class: "faint" }, times))];
  });
  const svg = canvas(width, height,
    marks.map((one) => [
      draw("line", { class: "grid", x1: x(one / 100), x2: x(one / 100), y1: 0, y2: bottom }),
      draw("text", { class: "tick", x: x(one / 100), y: bottom + 16, "text-anchor": "middle" }, text(one))]),
    draw("text", { class: "axis-label", x: (left + width - right) / 2, y: height - 6, "text-anchor": "middle" }, "share of training tokens, %"),
    bars);
  return findable(svg, (px, py) => order[Math.floor((py - 4) / row)] ?? null, () => {}, (found) => [make("b", {}, crawled(groups[found])), make("dl", {},
    make("dt", {}, "proposed"), make("dd", {}, share(best.weights[found])),
    prior ? [make("dt", {}, "prior"), make("dd", {}, share(prior.weights[found]))] : null)]);
}

/** Predicted objectives on one scale. */
function objectiveBars(width, rows) {
  const left = labelWidth([...groups, "proposed"], width) + 10;
  const [from, to] = ends(rows.flatMap(([, row]) => [row.objective.low, row.objective.high]), 0.1);
  const x = (n) => left + ((n - from) / (to - from)) * (width - left - 24);
  const marks = ticks(from, to, Math.max(2, (width - left) / 110));
  const text = axisNumber(marks.step || 1);
  return canvas(width, 104,
    marks.map((one) => [
      draw("line", { class: "grid", x1: x(one), x2: x(one), y1: 0, y2: 58 }),
      draw("text", { class: "tick", x: x(one), y: 75, "text-anchor": "middle" }, text(one))]),
    draw("text", { class: "axis-label", x: (left + width) / 2, y: 98, "text-anchor": "middle" }, "predicted objective, nats per token"),
    rows.map(([name, { objective }], at) => [
      draw("text", { class: "row-label", x: left - 10, y: 20 + at * 26, "text-anchor": "end" }, name),
      draw("line", { class: `range ${name}`, x1: x(objective.low), x2: x(objective.high), y1: 16 + at * 26, y2: 16 + at * 26 }),
      draw("circle", { class: name, cx: x(objective.value), cy: 16 + at * 26, r: 5 })]));
}

/** The mix as a file, to be copied. */
function mixFile() {
  if (!laws.mix_toml) return null;
  const text = make("pre", { tabindex: "0" }, laws.mix_toml);
  const said = make("span", { class: "muted", role: "status" });
  const take = async () => {
    said.textContent = (await copied(text)) ? "Copied" : "Marked: copy it with the keyboard";
  };
  const copy = make("button", { type: "button", class: "quiet copy", on: { click: take } }, "Copy");
  return make("details", { class: "recipe" }, make("summary", {}, make("span", {}, "The mix as a file for ", make("code", {}, "tokenmill mix"))),
    make("p", { class: "copying" }, copy, said), text);
}

/** Copies the text of an element, which stays marked; a page that was opened as a file may not be allowed to. */
async function copied(element) {
  const range = document.createRange();
  range.selectNodeContents(element);
  getSelection().removeAllRanges();
  getSelection().addRange(range);
  try {
    await navigator.clipboard.writeText(element.textContent);
    return true;
  } catch {
    return document.execCommand("copy");
  }
}
