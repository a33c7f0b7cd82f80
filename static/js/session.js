// A fragment that is answered with the log-in page means that the session has ended: go there.
document.addEventListener("htmx:beforeSwap", (event) => {
  const login = document.body.dataset.login;
  if (new URL(event.detail.xhr.responseURL).pathname !== login) return;
  event.preventDefault();
  location.reload();
});
