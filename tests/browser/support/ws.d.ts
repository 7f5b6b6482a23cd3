// What the tests use of the package `ws`, which brings no types.
declare module "ws" {
  export class WebSocket {
    constructor(url: string, options: { rejectUnauthorized: boolean; perMessageDeflate: boolean });
    constructor(url: string, protocols: string[], options: { rejectUnauthorized: boolean; perMessageDeflate: boolean });
    once(event: "open" | "error" | "close", listener: (value?: unknown) => void): void;
    on(event: "message", listener: (data: Uint8Array, isBinary: boolean) => void): void;
    send(data: Uint8Array | string): void;
    close(code: number): void;
    terminate(): void;
  }
}
