// [data-countdown="300"] counts down; [data-watch="/url"] reloads once that row says it is linked.
const TICK_MS = 250;
const LOOK_AGAIN_MS = 1500;

document.addEventListener("htmx:load", ({ detail: { elt } }) => {
  for (const element of found(elt, "[data-countdown]")) countDown(element);
  for (const element of found(elt, "[data-watch]")) watch(element);
});

function found(root, selector) {
  return [...(root.matches(selector) ? [root] : []), ...root.querySelectorAll(selector)];
}

function countDown(element) {
  const end = Date.now() + Number(element.dataset.countdown) * 1000;
  const show = () => {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    const clock = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    element.textContent = left ? clock : document.body.dataset.expired;
    if (left && element.isConnected) setTimeout(show, TICK_MS);
  };
  show();
}

async function watch(element) {
  while (element.isConnected) {
    await new Promise((done) => setTimeout(done, LOOK_AGAIN_MS));
    const answer = await fetch(element.dataset.watch, { headers: { "HX-Request": "true" } });
    if (answer.ok && !(await answer.text()).includes("data-opens-dialog")) {
      if (element.isConnected) location.reload();
      return;
    }
  }
}
