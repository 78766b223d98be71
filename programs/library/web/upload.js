// One upload: HEAD tells where to go on, PATCH sends a piece, and what the answer to it says is
// committed.

import { say, sayWhy } from "./words.js";

const PIECE = 16 * 1024 * 1024;
// Without a byte that went out, and without an answer: a phone that slept leaves connections that
// nobody ends.
const STALL_MS = 90000;
const PAUSES = [1000, 2000, 4000, 8000, 15000];
const TUS = { "Tus-Resumable": "1.0.0" };

const base64 = (text) => btoa(String.fromCharCode(...new TextEncoder().encode(text)));

/** What will not get better by another try. */
class Final extends Error {}

export class Upload {
  constructor(file, folder, url, tell) {
    Object.assign(this, { file, folder, url, tell, offset: 0, failures: 0, isRunning: false, xhr: null });
  }

  /** Sends what is left. */
  async run() {
    if (this.isRunning) return;
    this.isRunning = true;
    this.wants = "run";
    while (this.wants === "run") {
      try {
        await this.locate();
        while (this.wants === "run" && this.offset < this.file.size) await this.send();
        if (this.wants === "run") {
          this.isRunning = false;
          this.tell.complete();
          return;
        }
      } catch (error) {
        if (this.wants !== "run") break;
        if (error instanceof Final) {
          this.isRunning = false;
          this.tell.failed(error.message);
          return;
        }
        this.tell.waiting(this.offset);
        await this.wait();
      }
    }
    this.isRunning = false;
    if (this.wants === "pause") this.tell.paused(this.offset);
  }

  pause() {
    this.wants = "pause";
    this.isRunning = false;
    this.xhr?.abort();
    this.wake?.();
  }

  /** Gives up, here and at the library. */
  async end() {
    this.pause();
    this.wants = "end";
    if (this.url) await fetch(this.url, { method: "DELETE", headers: TUS }).catch(() => {});
  }

  /** Makes the upload, or learns how far it is. */
  async locate() {
    if (this.url) {
      const head = await fetch(this.url, { method: "HEAD", headers: TUS, cache: "no-store" });
      if (head.ok) {
        this.offset = Number(head.headers.get("Upload-Offset"));
        return;
      }
      if (head.status === 401) throw new Final(sayWhy({ status: 401 }));
      // Gone: it begins anew. Anything else passes.
      if (head.status !== 404 && head.status !== 410) throw new Error("HEAD");
      this.url = null;
    }
    const { name, type, size } = this.file;
    const metadata = [`filename ${base64(name)}`];
    if (type) metadata.push(`filetype ${base64(type)}`);
    if (this.folder) metadata.push(`relativePath ${base64(`${this.folder}/${name}`)}`);
    this.key ??= crypto.getRandomValues(new Uint32Array(4)).join("-");
    const made = await fetch("api/uploads", {
      method: "POST",
      headers: {
        ...TUS,
        "Upload-Length": String(size),
        "Upload-Metadata": metadata.join(","),
        "Idempotency-Key": this.key,
      },
    });
    if (made.status !== 201) await this.refuse(made);
    this.url = new URL(made.headers.get("Location"), location.href).pathname;
    this.offset = 0;
    this.tell.made(this.url);
  }

  async refuse(response) {
    const problem = await response.json().catch(() => ({ status: response.status }));
    if (response.status >= 500 || response.status === 429) throw new Error(String(response.status));
    throw new Final(sayWhy(problem));
  }

  /** Sends a piece; XMLHttpRequest alone tells how much of it was sent. */
  send() {
    const piece = this.file.slice(this.offset, this.offset + PIECE);
    const begun = this.offset;
    return new Promise((resolve, reject) => {
      const xhr = new XMLHttpRequest();
      this.xhr = xhr;
      xhr.open("PATCH", this.url);
      xhr.setRequestHeader("Tus-Resumable", "1.0.0");
      xhr.setRequestHeader("Upload-Offset", String(begun));
      xhr.setRequestHeader("Content-Type", "application/offset+octet-stream");
      let stalled = setTimeout(() => xhr.abort(), STALL_MS);
      xhr.upload.onprogress = ({ loaded }) => {
        clearTimeout(stalled);
        stalled = setTimeout(() => xhr.abort(), STALL_MS);
        this.tell.progress(begun, Math.min(begun + loaded, this.file.size));
      };
      xhr.onloadend = () => clearTimeout(stalled);
      xhr.onload = () => {
        const offset = Number(xhr.getResponseHeader("Upload-Offset"));
        if (xhr.status === 204 && offset > begun) {
          this.offset = offset;
          this.failures = 0;
          this.tell.progress(offset, offset);
          resolve();
        } else if ([400, 403, 404, 410, 413, 415].includes(xhr.status)) {
          reject(new Final(sayWhy({ status: xhr.status, detail: say("why_other") })));
        } else {
          reject(new Error(String(xhr.status)));
        }
      };
      xhr.onerror = () => reject(new Error("network"));
      xhr.onabort = () => reject(new Error("abort"));
      xhr.send(piece);
    });
  }

  /** Until the next try is due, or the network is back. */
  wait() {
    const pause = PAUSES[Math.min(this.failures, PAUSES.length - 1)];
    this.failures += 1;
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        removeEventListener("online", done);
        document.removeEventListener("visibilitychange", done);
        resolve();
      };
      const timer = setTimeout(done, pause);
      this.wake = done;
      addEventListener("online", done);
      document.addEventListener("visibilitychange", done);
    });
  }
}
