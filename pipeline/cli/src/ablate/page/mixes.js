// The best mixes of many: shares as bars, and what the law says of each.

function mixesSection() {
  if (!laws || laws.mixes.length < 2) return null;
  const [low, high] = ends(laws.mixes.flatMap((row) => [row.objective.low, row.objective.high]), 0.02);
  const order = new Map(laws.mixes.map((row, at) => [row, at]));
  const name = () => ({ title: "Mix", value: (row) => order.get(row), text: (row) => row.name, show: (row) => crawled(row.name) });
  const said = () => [
    name(),
    { title: unseen("Shares, drawn"), kind: "stacked", show: (row) => stack(row.weights, row.name) },
    numbers("Objective", (row) => row.objective.value, nats),
    numbers("Interval", (row) => row.objective.low, (_, row) => interval(row.objective)),
    { title: unseen("Objective, drawn"), kind: "drawn", show: (row) => whisker(row.objective, [low, high]) },
    numbers("From the prior", (row) => row.kl, (kl) => (isNumber(kl) ? kl.toFixed(3) : "–")),
  ];
  const views = {
    overview: said,
    shares: () => [name(), ...byGroup((row) => row.weights, share)],
    losses: () => [name(), numbers("Objective", (row) => row.objective.value, nats), ...byGroup((row) => row.losses, nats)],
  };
  const rows = new StudyTable({ caption: "Mixes", rows: [...laws.mixes], columns: said() });
  rows.element.querySelector(".table-top").append(
    choice("Columns", [["overview", "overview"], ["shares", "shares"], ["losses", "losses"]], "overview", (view) => rows.take(views[view]())));
  return section("mixes", "Top mixes",
    make("p", {}, "The proposed mix, the prior, and the best of many mixes that the law was asked about. Where the best ones differ, the law does not care. ",
      "Objectives and losses are predictions, in nats per token; the distance from the prior is in nats."),
    groupLegend(), rows.element);
}
