// Puts the page together, and opens what a link leads to.

/** A link to a step opens it; a link into the page finds its place once that is made. */
function openTarget() {
  const target = location.hash && byId(location.hash.slice(1));
  if (!target) return;
  if (target.tagName === "DETAILS") {
    target.open = true;
    target.querySelector("summary").focus({ preventScroll: true });
  }
  target.scrollIntoView();
}

function start() {
  byId("name").textContent = report.name;
  byId("colophon").textContent = `Written by tokenmill ${report.version}. This page loads nothing and sends nothing.`;
  const parts = [summarySection, funnelSection, stepsSection, metricsSection, groupsSection, clustersSection,
    tokensSection, timesSection, lineageSection];
  const needsSteps = [funnelSection, stepsSection];
  const sections = parts.filter((part) => report.phases.length || !needsSteps.includes(part)).map((part) => part()).filter(Boolean);
  byId("main").append(...sections);
  contents(sections);
  theme();
  filter();
  addEventListener("hashchange", openTarget);
  openTarget();
}

start();
