// Dialogs, copying, countdowns and the target rows; everything else is plain HTML and htmx.
const dialog = document.getElementById("dialog");
const words = document.body.dataset;

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target.id === "dialog-content" && !dialog.open) dialog.showModal();
  start(event.target);
});

document.addEventListener("click", async (event) => {
  const target = event.target;
  if (target.closest("[data-closes-dialog]")) {
    dialog.close();
  }
  const copier = target.closest("[data-copy]");
  if (copier) {
    await navigator.clipboard.writeText(document.querySelector(copier.dataset.copy).textContent);
    const before = copier.textContent;
    copier.textContent = words.copied;
    setTimeout(() => { copier.textContent = before; }, 1500);
  }
  if (target.closest("[data-add-target]")) {
    const rows = document.getElementById("targets");
    if (rows.children.length >= 10) return;
    const row = rows.lastElementChild.cloneNode(true);
    for (const input of row.querySelectorAll("input")) input.value = "";
    rows.append(row);
    row.querySelector("input").focus();
  }
});

document.addEventListener("submit", (event) => {
  const question = event.target.dataset.confirm;
  if (question && !window.confirm(question)) event.preventDefault();
});

// A dialog that made a key closes by itself once the chat has sent it.
dialog.addEventListener("close", () => {
  if (document.querySelector("[data-watch]")) location.reload();
});

function start(root) {
  for (const element of root.querySelectorAll("[data-countdown]")) countdown(element);
  for (const element of root.querySelectorAll("[data-watch]")) watch(element);
}

function countdown(element) {
  const end = Date.now() + Number(element.dataset.countdown) * 1000;
  const show = () => {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    element.textContent = left
      ? `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`
      : words.expired;
    if (left && element.isConnected) setTimeout(show, 250);
  };
  show();
}

async function watch(element) {
  while (element.isConnected && dialog.open) {
    await new Promise((done) => setTimeout(done, 1500));
    const answer = await fetch(element.dataset.watch, { headers: { "HX-Request": "true" } });
    if (answer.ok && !(await answer.text()).includes("data-opens-dialog")) {
      location.reload();
      return;
    }
  }
}

start(document);
