// Puts the page together.

function start() {
  byId("name").textContent = study.name;
  const parts = [summarySection, mixSection, scatterSection, formsSection, curvesSection, mixesSection, sensitivitySection,
    agreementSection, differencesSection, trialsSection, costSection];
  const sections = parts.map((part) => part()).filter(Boolean);
  byId("main").append(...sections);
  contents(sections);
  theme();
  filter();
  if (location.hash && byId(location.hash.slice(1))) byId(location.hash.slice(1)).scrollIntoView();
}

start();
