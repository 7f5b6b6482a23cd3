// What the tests use of the package `ws`, which brings no types.
declare module "ws" {
  type Options = { rejectUnauthorized: boolean; perMessageDeflate: boolean };
  export class WebSocket {
    constructor(url: string, options: Options);
    constructor(url: string, protocol: string, options: Options);
    once(event: "open" | "error" | "close", listener: (value?: unknown) => void): void;
    on(event: "message", listener: (data: Uint8Array) => void): void;
    send(data: Uint8Array | string): void;
    close(code: number): void;
  }
}
