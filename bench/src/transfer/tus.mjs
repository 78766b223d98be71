// A server of the measurement's own made of the packages @tus/server and @tus/file-store.
// node tus.mjs NODE_MODULES FOLDER
import http from 'node:http';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [, , modules, folder] = process.argv;
const load = (name) => import(pathToFileURL(path.join(modules, name, 'dist/index.js')).href);
const { Server } = await load('@tus/server');
const { FileStore } = await load('@tus/file-store');
const tus = new Server({ path: '/files', datastore: new FileStore({ directory: folder }) });
const server = http.createServer((request, response) => tus.handle(request, response));
server.listen(0, '127.0.0.1', () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
