// What the tests use of the package `ws`, which brings no types.
declare module "ws" {
  export class WebSocket {
    constructor(url: string, options: { rejectUnauthorized: boolean; perMessageDeflate: boolean });
    once(event: "open" | "error" | "close", listener: (value?: unknown) => void): void;
    send(data: Uint8Array): void;
    close(code: number): void;
  }
}
