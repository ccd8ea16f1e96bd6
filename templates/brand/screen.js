// Three comforts. Without script the page is whole: numbers open, links lead, tables read.
(() => {
  'use strict'

  // The # beside a heading copies the address of its part of the note; elsewhere it is a plain link.
  const said = document.querySelector('.said')
  let fading
  for (const link of document.querySelectorAll('a.anchor')) {
    link.addEventListener('click', event => {
      if (!navigator.clipboard || event.ctrlKey || event.metaKey || event.shiftKey) return
      event.preventDefault()
      navigator.clipboard.writeText(link.href).then(() => {
        history.replaceState(null, '', link.hash)
        said.textContent = said.dataset.copied
        clearTimeout(fading)
        fading = setTimeout(() => { said.textContent = '' }, 4000)
      }, () => { location.hash = link.hash })
    })
  }

  // Rows sort within their group by the number they print: largest first, smallest first, as printed.
  const next = { none: 'descending', descending: 'ascending', ascending: 'none' }
  for (const table of document.querySelectorAll('table.sortable')) {
    const heads = [...table.tHead.rows[0].cells].slice(1)
    const printed = [...table.tBodies].map(body => [...body.rows].slice(1))
    const value = (row, column) => parseFloat(row.cells[column].dataset.value)
    const sort = (head, column) => {
      const order = next[head.ariaSort]
      const sign = order === 'ascending' ? 1 : -1
      heads.forEach(other => { other.ariaSort = other === head ? order : 'none' })
      for (const rows of printed) {
        const held = rows.filter(row => order !== 'none' && !isNaN(value(row, column)))
        held.sort((a, b) => sign * (value(a, column) - value(b, column)))
        rows[0].parentNode.append(...held, ...rows.filter(row => !held.includes(row)))
      }
    }
    heads.forEach((head, at) => {
      const button = document.createElement('button')
      button.type = 'button'
      button.append(...head.childNodes)
      button.addEventListener('click', () => sort(head, at + 1))
      head.append(button)
      head.ariaSort = 'none'
    })
  }

  // The contents mark the section in view.
  const bar = document.querySelector('.contents')
  const links = [...bar.querySelectorAll('a')]
  const sections = links.map(link => document.getElementById(link.hash.slice(1)))
  let marked
  const mark = () => {
    const reached = sections.findLastIndex(section => section.getBoundingClientRect().top < innerHeight / 3)
    const link = links[Math.max(reached, 0)]
    if (link === marked) return
    marked?.removeAttribute('aria-current')
    link.setAttribute('aria-current', 'location')
    bar.scrollLeft = link.offsetLeft - (bar.clientWidth - link.offsetWidth) / 2
    marked = link
  }
  addEventListener('scroll', mark, { passive: true })
  addEventListener('resize', mark)
  mark()
})()
