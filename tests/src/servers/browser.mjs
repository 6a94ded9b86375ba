// A user at a browser: opens a page, follows it, fills in every form and sends it.
// Arguments: the page, the user's name, the code to type where a page asks for one.
const [start, user, code] = process.argv.slice(2);
const cookies = new Map();
let [url, init] = [start, {}];
for (let step = 0; step < 30; step += 1) {
  const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
  const response = await fetch(url, { ...init, redirect: 'manual', headers: { ...init.headers, cookie } });
  for (const line of response.headers.getSetCookie()) {
    const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
    if (value) cookies.set(name, value);
    else cookies.delete(name);
  }
  const location = response.headers.get('location');
  const page = await response.text();
  if (location) {
    [url, init] = [new URL(location, url).href, {}];
    continue;
  }
  const form = page.match(/<form[^>]*action="([^"]+)"[^>]*>([\s\S]*?)<\/form>/);
  if (!form || !response.ok) {
    console.log(`${response.status} ${page.replace(/<style[\s\S]*?<\/style>/g, '').replace(/<[^>]+>/g, ' ').replace(/\s+/g, ' ').trim()}`);
    process.exit(response.ok ? 0 : 1);
  }
  const fields = new URLSearchParams();
  for (const [input] of form[2].matchAll(/<input[^>]*>/g)) {
    const name = input.match(/name="([^"]*)"/)?.[1];
    const value = input.match(/value="([^"]*)"/)?.[1] ?? '';
    const typed = { login: user, password: 'any', user_code: value || code }[name];
    if (name) fields.set(name, typed ?? value);
  }
  url = new URL(form[1].replaceAll('&amp;', '&'), url).href;
  init = { method: 'POST', body: fields, headers: { 'content-type': 'application/x-www-form-urlencoded' } };
}
console.log('too many pages');
process.exit(1);
