export class Navigator {
  get userAgent(): string {
    return "Mayfly";
  }
  get hardwareConcurrency(): number {
    return 1;
  }
  get language(): string {
    return "en-US";
  }
  get languages(): readonly string[] {
    return ["en-US"];
  }
}

export const navigator = new Navigator();
