// The one dialog that htmx fills, and the one that asks before a form is sent.
const dialog = document.getElementById("dialog");
const content = document.getElementById("dialog-content");
const question = document.getElementById("confirm");

document.addEventListener("htmx:afterSwap", (event) => {
  if (event.target === content && !dialog.open) dialog.showModal();
});

document.addEventListener("click", (event) => {
  if (event.target.closest("[data-closes-dialog]")) event.target.closest("dialog").close();
  if (event.target === dialog && isOutside(event)) dialog.close();
});

dialog.addEventListener("close", () => {
  // What was made or watched in the dialog has changed the page behind it.
  const isStale = content.querySelector("[data-watch], [data-changes-page]");
  content.replaceChildren(); // a key that was shown does not stay in the page
  if (isStale) location.reload();
});

document.addEventListener("submit", async (event) => {
  const form = event.target;
  if (!form.dataset.confirm || form.dataset.isConfirmed) return;
  event.preventDefault();
  if (!(await isConfirmed(form.dataset.confirm))) return;
  form.dataset.isConfirmed = "1";
  form.requestSubmit(event.submitter);
  delete form.dataset.isConfirmed;
});

// What is asked about must not be swapped away by a table that refreshes itself meanwhile.
document.addEventListener("htmx:beforeSwap", (event) => {
  if (question.open) event.preventDefault();
});

function isConfirmed(text) {
  question.querySelector("p").textContent = text;
  question.returnValue = "";
  question.showModal();
  return new Promise((answer) => {
    question.addEventListener("close", () => answer(question.returnValue === "yes"), { once: true });
  });
}

function isOutside({ clientX, clientY }) {
  const box = dialog.getBoundingClientRect();
  return clientX < box.left || clientX > box.right || clientY < box.top || clientY > box.bottom;
}
