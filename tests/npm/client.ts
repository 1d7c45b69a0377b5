// A client of tests/diff/twin/, typed by the document of the running program. It is compiled, not run: each line
// marked with @ts-expect-error must be a mistake that the compiler finds.
import createClient from "openapi-fetch";
import type { components, paths } from "./twin.js";

type Item = components["schemas"]["Item"];

const client = createClient<paths>({ baseUrl: "http://127.0.0.1:8000" });

export const item: Item = {
  name: "lamp", price: 1.5, count: 2, on_sale: false, owner: null, color: "green",
  size: { width: 1, height: 2 }, sizes: [{ width: 3, height: 4 }], labels: [],
};

export async function create(): Promise<number> {
  const { data, error } = await client.POST("/items", { body: item });
  if (error) {
    // 422 and everything else that can go wrong have types of their own.
    const wrong: string[] = "error" in error ? [error.error, error.request_id] : (error.detail ?? []).map((e) => e.msg);
    throw new Error(wrong.join());
  }
  const total: number = data.total;
  const spare: components["schemas"]["Size"] | null | undefined = data.item.spare;
  return total + (spare?.width ?? 0);
}

export async function read(): Promise<string> {
  const { data } = await client.GET("/params/{item_id}", {
    params: { path: { item_id: 1 }, query: { limit: 5, tags: ["a", "b"], color: "red" }, header: { "x-token": "abc" } },
  });
  return data?.text ?? "";
}

export async function form(): Promise<void> {
  await client.POST("/form", { body: { name: "Ada", age: 36, nick: null } });
  await client.PUT("/optional", { body: null });
  await client.DELETE("/api/v1/thing");
}

export async function mistakes(): Promise<void> {
  // @ts-expect-error: the path needs its parameter
  await client.GET("/params/{item_id}", { params: { path: {} } });
  // @ts-expect-error: no such color
  await client.GET("/params/{item_id}", { params: { path: { item_id: 1 }, query: { color: "blue" } } });
  // @ts-expect-error: a body is required
  await client.POST("/items", {});
  // @ts-expect-error: no such path
  await client.GET("/nowhere");
}

export async function unions(): Promise<string> {
  const { data } = await client.POST("/owner", { body: { pet: { kind: "cat", lives: 9 }, id: "a" } });
  if (!data) return "";
  return data.pet.kind === "dog" ? data.pet.name : String(data.pet.lives);
}

export async function events(): Promise<string[]> {
  const { data } = await client.POST("/stream", { body: { x: 3 } });
  return (data ?? []).map((event) => event.data);
}
