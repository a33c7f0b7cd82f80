// [data-copy="#id"] puts that element's text on the clipboard and says so for a moment.
const SAID_FOR_MS = 1500;

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button || button.dataset.label) return;
  await copy(document.querySelector(button.dataset.copy));
  button.dataset.label = button.textContent;
  button.textContent = document.body.dataset.copied;
  setTimeout(() => {
    button.textContent = button.dataset.label;
    delete button.dataset.label;
  }, SAID_FOR_MS);
});

async function copy(element) {
  getSelection().selectAllChildren(element);
  // The clipboard API exists on https and localhost only.
  if (navigator.clipboard) await navigator.clipboard.writeText(element.textContent);
  else document.execCommand("copy");
}
