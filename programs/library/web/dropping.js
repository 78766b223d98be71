// Files that are chosen or dropped, with the folders that they lie in.

const entriesOf = (reader) => new Promise((resolve, reject) => reader.readEntries(resolve, reject));
const fileOf = (entry) => new Promise((resolve, reject) => entry.file(resolve, reject));

/** The files of an entry and of all that is below it. What cannot be read is left out. */
async function walk(entry, folder, into) {
  try {
    if (entry.isFile) {
      into.push({ file: await fileOf(entry), folder });
      return;
    }
    const reader = entry.createReader();
    const inside = folder ? `${folder}/${entry.name}` : entry.name;
    // A reader gives some at a time, and none at the end.
    for (let some = await entriesOf(reader); some.length; some = await entriesOf(reader)) {
      for (const one of some) await walk(one, inside, into);
    }
  } catch (error) {
    console.warn(entry.name, error);
  }
}

async function dropped(transfer) {
  // The list is empty once this function waits for something.
  const entries = [...transfer.items].map((item) => item.webkitGetAsEntry?.()).filter(Boolean);
  const files = [...transfer.files].map((file) => ({ file, folder: "" }));
  if (entries.length === 0) return files;
  const found = [];
  for (const entry of entries) await walk(entry, "", found);
  return found;
}

/** Has `take` take the files that are dropped on `area` or chosen with `inputs`. */
export function takeFiles(area, inputs, take) {
  const folderOf = (file) => file.webkitRelativePath.split("/").slice(0, -1).join("/");
  for (const input of inputs) {
    input.addEventListener("change", () => {
      take([...input.files].map((file) => ({ file, folder: folderOf(file) })));
      input.value = "";
    });
  }
  for (const kind of ["dragenter", "dragover"]) {
    area.addEventListener(kind, (event) => {
      event.preventDefault();
      area.classList.add("over");
    });
  }
  for (const kind of ["dragleave", "drop"]) area.addEventListener(kind, () => area.classList.remove("over"));
  area.addEventListener("drop", async (event) => {
    event.preventDefault();
    take(await dropped(event.dataTransfer));
  });
}
