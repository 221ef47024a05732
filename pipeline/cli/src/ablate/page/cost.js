// Proxies: how they agree, and what they cost.

function agreementSection() {
  if (!laws || !laws.agreements.length) return null;
  return section("agreement", "Agreement of proxies",
    make("p", {}, "Whether small models rank mixes as larger ones do. 1: the same order; 0: none in common. Where it is high, small models are enough."),
    new StudyTable({ caption: "Rank correlation of objectives", rows: [...laws.agreements], columns: [
      names("Smaller", (row) => row.small),
      names("Larger", (row) => row.large),
      numbers("Mixes of both", (row) => row.n, count),
      numbers("Rank correlation", (row) => row.spearman, rank),
      { title: unseen("Rank correlation, drawn"), kind: "drawn", show: (row) => (isNumber(row.spearman) ? bar(row.spearman) : "") },
    ] }).element);
}

function costSection() {
  const { costs } = study;
  if (!costs.length) return null;
  const sum = (key) => costs.reduce((all, cost) => all + cost[key], 0);
  return section("cost", "Cost",
    make("p", {}, `${several(sum("n_trials"), "model")}, ${amount(sum("tokens"))} training tokens, and ${power(sum("flops"))} floating-point operations in all. `,
      "The last layer’s part is large in small models with large vocabularies: that work says little about the mix."),
    new StudyTable({ caption: "By proxy", rows: [...costs], columns: [
      names("Proxy", (row) => row.proxy),
      numbers("Parameters", (row) => row.parameters, amount),
      numbers("Embeddings", (row) => row.embedding, amount),
      numbers("Models", (row) => row.n_trials, count),
      numbers("Tokens", (row) => row.tokens, amount),
      numbers("Operations", (row) => row.flops, power),
      numbers("Of the last layer", (row) => row.head_share, share),
      costs.length > 1 && { title: unseen("Operations, drawn"), kind: "drawn", show: (row) => bar(row.flops / Math.max(1, ...costs.map((cost) => cost.flops))) },
    ].filter(Boolean) }).element);
}
