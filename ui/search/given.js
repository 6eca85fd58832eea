// Pictures as queries: dropped onto the tab, pasted, or chosen from a file.

const KINDS = /^image\//;

const sizeOf = (bytes) => `${(bytes / 2 ** 20).toFixed(1)} MB`;

// The first picture among what was dropped or pasted, or undefined.
const pictureIn = (transfer) => [...(transfer ? transfer.files : [])].find((file) => KINDS.test(file.type) || !file.type);
const holdsFile = (transfer) => Boolean(transfer) && [...transfer.types].includes("Files");

// `isShown()` tells whether the tab is; `given(token)` is called with a picture that the server keeps, `refused(why)`
// with a sentence where there is none; `sending()` before it is sent.
export function takePictures(tab, { file, pick, maxBytes, isShown, sending, given, refused }) {
  let depth = 0; // of dragenter over dragleave: each child that is entered counts

  async function send(picture) {
    if (picture.size > maxBytes)
      return refused(`The picture has ${sizeOf(picture.size)}, expected at most ${sizeOf(maxBytes)}; scale it down.`);
    sending();
    try {
      const answer = await fetch("search/picture", { method: "POST", body: picture });
      const said = await answer.json();
      return said.picture ? given(said.picture) : refused(said.error);
    } catch (error) {
      return refused(`The picture could not be sent (${error.message}). Is \`curator ui\` still running?`);
    }
  }

  function over(isOver) {
    depth = isOver ? depth : 0;
    tab.toggleAttribute("data-dropping", isOver);
  }

  tab.addEventListener("dragenter", (event) => {
    if (!holdsFile(event.dataTransfer)) return;
    depth += 1;
    over(true);
  });
  tab.addEventListener("dragleave", () => {
    depth = Math.max(0, depth - 1);
    if (!depth) over(false);
  });
  tab.addEventListener("dragover", (event) => {
    if (holdsFile(event.dataTransfer)) event.preventDefault(); // else the browser opens the file
  });
  tab.addEventListener("drop", (event) => {
    if (!holdsFile(event.dataTransfer)) return;
    event.preventDefault();
    over(false);
    const picture = pictureIn(event.dataTransfer);
    if (picture) send(picture);
    else refused("What was dropped is no picture; drop a PNG, JPEG, TIFF, WebP, GIF or BMP file.");
  });
  document.addEventListener("paste", (event) => {
    if (!isShown() || !holdsFile(event.clipboardData)) return;
    const picture = pictureIn(event.clipboardData);
    if (!picture) return;
    event.preventDefault();
    send(picture);
  });
  pick.addEventListener("click", () => file.click());
  file.addEventListener("change", () => {
    if (file.files.length) send(file.files[0]);
    file.value = ""; // the same file may be chosen again
  });
}
