// Fetches the live part again every five seconds. The page works without it, by a reload; the form is never touched.
(() => {
  "use strict";
  const SECONDS = 5;
  const live = document.getElementById("live");
  const says = document.getElementById("refresh");
  let shown = "";
  let timer = 0;

  const time = () => new Date().toLocaleTimeString([], { hour12: false });

  const isBeingRead = () => {
    const chosen = document.getSelection();
    return chosen !== null && !chosen.isCollapsed && live.contains(chosen.anchorNode);
  };

  async function refresh() {
    try {
      const response = await fetch("live", { cache: "no-store", signal: AbortSignal.timeout(SECONDS * 1000) });
      if (!response.ok) throw new Error(response.statusText);
      const found = await response.text();
      if (found !== shown && !isBeingRead()) {
        live.innerHTML = found;
        shown = found;
      }
      says.textContent = `Renewed every ${SECONDS} seconds while this page is in view.`;
      live.dataset.asOf = time();
      says.classList.remove("stale");
    } catch {
      says.classList.add("stale");
      says.textContent = `The service does not answer. These figures are from ${live.dataset.asOf}.`;
    }
  }

  async function run() {
    clearTimeout(timer);
    if (document.hidden) return;
    await refresh();
    clearTimeout(timer);
    if (!document.hidden) timer = setTimeout(run, SECONDS * 1000);
  }

  live.dataset.asOf = time();
  document.addEventListener("visibilitychange", run);
  timer = setTimeout(run, SECONDS * 1000);
})();
