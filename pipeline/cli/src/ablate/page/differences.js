// Arms against the first: a forest of intervals around 0, and the same as a table.

/** Whether it is a loss, of which less is better; of other tests nobody here knows which way is better. */
const isLoss = (one) => one.measure === "objective" || groups.includes(one.measure);
const signedInterval = (estimate) => `${signed(estimate.low)} to ${signed(estimate.high)}`;

/** What an interval says, in words. */
function verdict(one) {
  const { low, high } = one.difference;
  if (high < 0) return isLoss(one) ? "better" : "lower";
  if (low > 0) return isLoss(one) ? "worse" : "higher";
  return "not told apart";
}

function differencesSection() {
  const all = study.differences;
  if (!all.length) return null;
  const comparisons = unique(all.map((one) => JSON.stringify([one.proxy, one.arm, one.baseline]))).map((text) => {
    const [proxy, arm, baseline] = JSON.parse(text);
    return { proxy, arm, baseline, rows: all.filter((one) => one.proxy === proxy && one.arm === arm && one.baseline === baseline) };
  });
  const options = unique(all.map((one) => one.proxy));
  const forests = make("div");
  const show = (proxy) => {
    const shown = comparisons.filter((one) => one.proxy === proxy);
    forests.replaceChildren(
      ...forestsOf(shown, isLoss, "arm less baseline, nats per token (below 0 the arm is better)"),
      ...forestsOf(shown, (one) => !isLoss(one), "arm less baseline, in the units of the test"));
  };
  const first = options[options.length - 1];
  show(first);
  return section("differences", "Differences",
    make("div", { class: "lead" },
      make("p", {}, "Each arm less what it is compared with. Of losses, below 0 the arm is better. A line is a 95\u202f% interval: one that crosses 0 does not tell the two apart. ",
        `Of ${several(all.length, "interval")}, about one in twenty misses by chance.`),
      choice("Proxy", options.map((name) => [name, name]), first, show, true)),
    legend([["range better", "better"], ["range worse", "worse"], ["range even", "not told apart"]]),
    forests, differenceTable(all));
}

/** One drawing for each comparison, all on one scale. */
function forestsOf(comparisons, wanted, label) {
  const kept = comparisons.map((one) => ({ ...one, rows: one.rows.filter(wanted) })).filter((one) => one.rows.length);
  const [from, to] = ends([0, ...kept.flatMap((one) => one.rows.flatMap(({ difference }) => [difference.low, difference.high, difference.value]))]);
  return kept.map((one) => {
    const height = one.rows.length * 26 + 56;
    return titled(plot(height, (width) => forest(width, height, one.rows, [from, to], label)),
      make("b", {}, crawled(one.arm)), " against ", crawled(one.baseline), `, ${one.proxy}`);
  });
}

function forest(width, height, rows, [from, to], label) {
  const [left, right] = [labelWidth(rows.map((one) => one.measure), width) + 10, width < 560 ? 12 : 190];
  const bottom = rows.length * 26 + 4;
  const x = (n) => left + ((n - from) / (to - from)) * (width - left - right);
  const marks = ticks(from, to, Math.max(2, (width - left - right) / 90));
  const text = axisNumber(marks.step || 1);
  const kind = { better: "better", worse: "worse" };
  const svg = canvas(width, height,
    marks.map((one) => [
      draw("line", { class: "grid", x1: x(one), x2: x(one), y1: 0, y2: bottom }),
      draw("text", { class: "tick", x: x(one), y: bottom + 16, "text-anchor": "middle" }, text(one))]),
    draw("line", { class: "diagonal", x1: x(0), x2: x(0), y1: 0, y2: bottom }),
    draw("text", { class: "axis-label", x: width / 2, y: height - 6, "text-anchor": "middle" }, shortened(label, width)),
    rows.map((one, at) => {
      const { value, low, high } = one.difference;
      const [y, name] = [at * 26 + 16, kind[verdict(one)] || "even"];
      return [
        draw("text", { class: one.measure === "objective" ? "row-label strong" : "row-label", x: left - 10, y: y + 4, "text-anchor": "end" }, shortened(one.measure, left - 10)),
        draw("line", { class: `range ${name}`, x1: x(low ?? value), x2: x(high ?? value), y1: y, y2: y }),
        draw("circle", { class: name, cx: x(value ?? 0), cy: y, r: one.measure === "objective" ? 5.5 : 4.5 }),
        right > 100 ? draw("text", { class: "value", x: width - right + 14, y: y + 4 }, signed(value), draw("tspan", { class: "faint" }, ` ${verdict(one)}`)) : null];
    }));
  return findable(svg, (px, py) => rows[Math.floor((py - 3) / 26)] ?? null, () => {}, (one) => [make("b", {}, crawled(one.measure)),
    make("p", {}, `${signed(one.difference.value)} (${signedInterval(one.difference)})`), make("p", {}, `p ${chance(one.p)}, ${several(one.n, "seed")}, ${verdict(one)}`)]);
}

function differenceTable(all) {
  const differs = (key) => unique(all.map((row) => row[key])).length > 1;
  const short = (title, value) => ({ ...names(title, value, value), kind: "state" });
  return new StudyTable({ caption: "All differences", rows: [...all], columns: [
    names("Measure", (row) => row.measure),
    names("Arm", (row) => row.arm),
    ...(differs("baseline") ? [names("Against", (row) => row.baseline)] : []),
    ...(differs("proxy") ? [names("Proxy", (row) => row.proxy)] : []),
    numbers("Difference", (row) => row.difference.value, signed),
    numbers("95\u202f% interval", (row) => row.difference.low, (_, row) => signedInterval(row.difference)),
    numbers("p", (row) => row.p, chance),
    numbers("Seeds", (row) => row.n, count),
    short("Compared", (row) => (row.paired ? "seed by seed" : "not paired")),
    short("In words", verdict),
  ] }).element;
}
