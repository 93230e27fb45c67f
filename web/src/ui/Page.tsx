import type { ReactNode } from 'react'

/** The frame of every page: the product's name, the tools at the end of the top line, and what the page is about. */
export function Page(props: { name: string; tools: ReactNode; children: ReactNode }) {
  return (
    <div className="page">
      <header className="top">
        <h1 className="name">
          <img src="/mark.svg" alt="" width="28" height="28" />
          {props.name}
        </h1>
        <div className="tools">{props.tools}</div>
      </header>
      <main className="middle">{props.children}</main>
    </div>
  )
}
