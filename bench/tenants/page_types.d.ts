export default function page(request: Request): Response;
