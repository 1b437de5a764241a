/** The group builder as a component. Its texts are `messages`, translated in `translations`; its style sheet is `builder/builder.css`. */
export { UserGroupBuilder, type UserGroupBuilderProps } from './UserGroupBuilder.js';
export { default as messages } from './messages.js';
export { textsOf, translations } from './translations/index.js';
