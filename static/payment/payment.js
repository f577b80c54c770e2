// Counts down until when the places are kept, and looks again: when the time is over, and while a
// payment waits for its confirmation. The page works without it.
for (const left of document.querySelectorAll("[data-seconds-left]")) {
  const clock = left.querySelector("[data-clock]");
  const end = performance.now() + Number(left.dataset.secondsLeft) * 1000;
  const tick = () => {
    const seconds = Math.max(0, Math.ceil((end - performance.now()) / 1000));
    const minutes = Math.floor(seconds / 60);
    clock.textContent = `${minutes}:${String(seconds % 60).padStart(2, "0")}`;
    if (seconds === 0) {
      clearInterval(timer);
      setTimeout(() => location.replace(location.pathname), 1500);
    }
  };
  const timer = setInterval(tick, 1000);
  left.hidden = false;
  tick();
}
if (document.querySelector("[data-look-again]")) {
  setTimeout(() => location.replace(location.pathname), 10000);
}
